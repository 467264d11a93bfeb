"""LaTeX of the formulas in docstrings, by their text.

A corruption's docstring defines its formula; the entry here determines only how it is typeset. The
build fails if a formula has no entry.
"""

LATEX = {
    # compression
    """\
s_i = s_(i-1) + b_i + 1 mod 2**32
b_i becomes s_i mod 256 where s_i is a multiple of A""": r"""
s_i = (s_{i-1} + b_i + 1) \bmod 2^{32}, \qquad
b_i \leftarrow s_i \bmod 256 \quad \text{where } A \text{ divides } s_i""",
    """\
y = decode(x264(x, preset medium, average rate r)),  r = R / c
maxrate = bufsize = r""": r"""
y = \operatorname{decode}(\operatorname{x264}(x;\ \text{preset medium},\ \text{average rate } r)),
\qquad r = R / c, \qquad \text{maxrate} = \text{bufsize} = r""",
    """\
y = decode(x265(x, preset medium, average rate r)),  r = R / c
maxrate = bufsize = r""": r"""
y = \operatorname{decode}(\operatorname{x265}(x;\ \text{preset medium},\ \text{average rate } r)),
\qquad r = R / c, \qquad \text{maxrate} = \text{bufsize} = r""",
    "y = decode(x264(x, preset medium, CRF c))": r"""
y = \operatorname{decode}(\operatorname{x264}(x;\ \text{preset medium},\ \text{CRF } c))""",
    "y = decode(x265(x, preset medium, CRF c))": r"""
y = \operatorname{decode}(\operatorname{x265}(x;\ \text{preset medium},\ \text{CRF } c))""",
    "y = decode(svt(x, preset 8, CRF c))": r"""
y = \operatorname{decode}(\operatorname{svt}(x;\ \text{preset 8},\ \text{CRF } c))""",
    "y = decode(vpx(x, good quality, speed 4, CRF c))": r"""
y = \operatorname{decode}(\operatorname{vpx}(x;\ \text{good quality},\ \text{speed 4},\
\text{CRF } c))""",
    "y = decode(svt(x, preset 8, average rate r)),  r = R / c": r"""
y = \operatorname{decode}(\operatorname{svt}(x;\ \text{preset 8},\ \text{average rate } r)),
\qquad r = R / c""",
    """\
y = decode(vpx(x, good quality, speed 4, average rate r)),  r = R / c
maxrate = bufsize = r""": r"""
y = \operatorname{decode}(\operatorname{vpx}(x;\ \text{good quality},\ \text{speed 4},\
\text{average rate } r)),
\qquad r = R / c, \qquad \text{maxrate} = \text{bufsize} = r""",
    "y = decode(mpeg4(x, quantiser scale q in all pictures))": r"""
y = \operatorname{decode}(\operatorname{mpeg4}(x;\ \text{quantiser scale } q
\text{ in all pictures}))""",
    """\
y = decode(x264(x, preset veryfast, tune zerolatency, average rate r)),  r = c W H fps
maxrate = r,  bufsize = r / 4""": r"""
y = \operatorname{decode}(\operatorname{x264}(x;\ \text{preset veryfast},\
\text{tune zerolatency},\ \text{average rate } r)), \qquad r = c\, W\, H \cdot \text{fps},
\qquad \text{maxrate} = r, \quad \text{bufsize} = r / 4""",
    "u_i < p,  u_i uniform in [0, 1)": r"u_i < p, \qquad u_i \text{ uniform in } [0, 1)",
    "from bad to good with chance 1 / b,    from good to bad with chance p / (b (1 - p))": (
        r"""
\text{from bad to good with probability } \frac{1}{b}, \qquad
\text{from good to bad with probability } \frac{p}{b\, (1 - p)}"""
    ),
    # spatial
    "HSV: V' = min(1, V + c)": r"\text{HSV:} \quad V' = \min(1,\ V + c)",
    "y = (x - mu) c + mu,    mu = mean of x over the frame, per channel": r"""
y = (x - \mu)\, c + \mu, \qquad \mu = \text{mean of } x \text{ over the frame, per channel}""",
    "y = mean of g over the disk of radius r,    g = x blurred by a bell curve of sigma s": r"""
y(p) = \operatorname{mean}_{|q| \le r}\, g(p + q), \qquad g = x * N(0, s^2)""",
    "y = (x + k m) M / (M + k)": r"y = (x + k\, m)\, \frac{M}{M + k}",
    "y = min(1, max(0, x + sigma z)),   z standard normal": r"""
y = \min(1,\ \max(0,\ x + \sigma z)), \qquad z \sim N(0, 1)""",
    "y = 0 with probability a/2, 255 with probability a/2, else x": r"""
y = \begin{cases} 0 & \text{with probability } a/2 \\ 255 & \text{with probability } a/2 \\
x & \text{else} \end{cases}""",
    "y = decode(JPEG(x, quality q)),    colour 4:2:0": r"""
y = \operatorname{decode}(\operatorname{JPEG}(x;\ \text{quality } q,\ \text{colour 4:2:0}))""",
    "y = MagickMotionBlurImage(x, radius, sigma, angle),    angle from -45 to 45 degrees": r"""
y = \operatorname{MagickMotionBlurImage}(x,\ \text{radius},\ \sigma,\ \alpha), \qquad
\alpha \text{ from } -45 \text{ to } 45 \text{ degrees}""",
    "y = 0 with probability p, else x": r"""
y = \begin{cases} 0 & \text{with probability } p \\ x & \text{else} \end{cases}""",
    "y = 255 with probability p, else x": r"""
y = \begin{cases} 255 & \text{with probability } p \\ x & \text{else} \end{cases}""",
    """\
b = blur3x3(x + r (1 - x)(1 - mean(x)))         mean over the frame and its channels
z = (1 - r) x + r b
y = (z - mu) q + mu,    mu = mean of z over the frame, per channel""": r"""
\begin{aligned}
b &= \operatorname{blur}_{3 \times 3}\bigl(x + r\, (1 - x)(1 - \bar{x})\bigr),
& \bar{x} &= \text{mean over the frame and its channels} \\
z &= (1 - r)\, x + r\, b & & \\
y &= (z - \mu)\, q + \mu, & \mu &= \text{mean of } z \text{ over the frame, per channel}
\end{aligned}""",
    "y(p) = x(m + R (p - m)),    m the centre, R the turn back by t degrees": r"""
y(p) = x\bigl(m + R\,(p - m)\bigr), \qquad m \text{ the centre},\ R \text{ the turn back by } t
\text{ degrees}""",
    "y(p) = x(m + R (p - m)),    m the centre, R the turn back by a degrees": r"""
y(p) = x\bigl(m + R\,(p - m)\bigr), \qquad m \text{ the centre},\ R \text{ the turn back by } a
\text{ degrees}""",
    "HSV: S' = min(1, max(0, a S + b))": r"""
\text{HSV:} \quad S' = \min(1,\ \max(0,\ a S + b))""",
    "V - (V - v) S' / S,    S = (V - N) / V": r"""
V - (V - v)\, \frac{S'}{S}, \qquad S = \frac{V - N}{V}""",
    "y = min(1, Poisson(c x) / c)": r"y = \min\bigl(1,\ \operatorname{Poisson}(c\, x) / c\bigr)",
    "y(p) = x(p + d),   d = (dx, dy), whole pixels from -a/2 to a/2 each, at side 256": r"""
y(p) = x(p + d), \qquad d = (d_x, d_y) \text{ whole pixels from } -a/2 \text{ to } a/2
\text{ each, at side 256}""",
    "y = (x + sum of zoom_z(x)) / (n + 1),    z = 1, 1 + s, 1 + 2 s, ...: n of them": r"""
y = \frac{1}{n + 1} \Bigl(x + \sum_{i=0}^{n-1} \operatorname{zoom}_{1 + i s}(x)\Bigr)""",
    "y = min(1, max(0, x + x sigma z)),   z standard normal": r"""
y = \min(1,\ \max(0,\ x + x\, \sigma z)), \qquad z \sim N(0, 1)""",
    "y(p) = sum of g(q) x(p + q),    g a bell curve of deviation sigma in both directions": (
        r"""
y(p) = \sum_q g(q)\, x(p + q), \qquad g = N(0, \sigma^2) \text{ in both directions}"""
    ),
    """\
g = x blurred by a bell curve of sigma s, rounded
n times, for every pixel p from the last to the first:   g(p) = g(p + q)
y = g blurred by a bell curve of sigma s""": r"""
\begin{aligned}
g &= x * N(0, s^2), \text{ rounded} \\
g(p) &\leftarrow g(p + q) \quad n \text{ times, for every pixel } p
\text{ from the last to the first} \\
y &= g * N(0, s^2)
\end{aligned}""",
    "y(p) = mean of x over the block of p,    floor(c H) x floor(c W) blocks, at least 1 x 1": r"""
y(p) = \operatorname{mean}_{q \in B(p)} x(q), \qquad
\lfloor c H \rfloor \times \lfloor c W \rfloor \text{ blocks } B, \text{ at least } 1 \times 1""",
    "y(p) = x(p + a d(p)),   d = u blurred by a bell curve of 1 % of each side,   |u| <= H / 200": (
        r"""
y(p) = x(p + a\, d(p)), \qquad d = u * N(0, \sigma^2),\ \sigma = 1\,\% \text{ of each side},
\qquad |u| \le H / 200"""
    ),
    "y = min(1, x + a w C / max(w)),    w = l e,    C = (175, 238, 238) / 255, pale turquoise": r"""
y = \min\Bigl(1,\ x + a\, \frac{w}{\max w}\, C\Bigr), \qquad w = l\, e, \qquad
C = (175,\ 238,\ 238) / 255, \text{ pale turquoise}""",
    "y = (1 - v) x + v C,    C = (63, 42, 20) / 255, mud brown": r"""
y = (1 - v)\, x + v\, C, \qquad C = (63,\ 42,\ 20) / 255, \text{ mud brown}""",
    "y = min(1, b x + (1 - b) max(x, 1.5 G(x) + 0.5) + f + F)": r"""
y = \min\bigl(1,\ b\, x + (1 - b) \max(x,\ 1.5\, G(x) + 0.5) + f + F\bigr)""",
    "y = min(1, w x + v F)": r"y = \min(1,\ w\, x + v\, F)",
    "HSV: V' = max(0, V - c)": r"\text{HSV:} \quad V' = \max(0,\ V - c)",
    "HSV: V' = V 2^-e": r"\text{HSV:} \quad V' = V\, 2^{-e}",
    "HSV: V' = min(1, V 2^e)": r"\text{HSV:} \quad V' = \min(1,\ V\, 2^e)",
    "y_k = min(1, g_k x_k),    g_k uniform in [1 - s, 1 + s],    k = red, green, blue": r"""
y_k = \min(1,\ g_k x_k), \qquad g_k \text{ uniform in } [1 - s,\ 1 + s], \qquad
k = \text{red, green, blue}""",
    "y = round(x (2^b - 1)) / (2^b - 1)": r"""
y = \frac{\operatorname{round}\bigl(x\, (2^b - 1)\bigr)}{2^b - 1}""",
    "y = enlarge(reduce(x)),    to max(1, round(c H)) x max(1, round(c W)) pixels and back": r"""
y = \operatorname{enlarge}(\operatorname{reduce}(x)), \qquad
\text{to } \max(1, \operatorname{round}(c H)) \times \max(1, \operatorname{round}(c W))
\text{ pixels and back}""",
    "y(p) = x(m + S (p - m)),    m the centre, S shrinks one direction to 1 / s": r"""
y(p) = x\bigl(m + S\,(p - m)\bigr), \qquad m \text{ the centre},\
S \text{ shrinks one direction to } 1 / s""",
    "y = x (1 - d m)": r"y = x\, (1 - d\, m)",
    "y = min(1, x + a / (1 + (r / s)^2))": r"""
y = \min\Bigl(1,\ x + \frac{a}{1 + (r / s)^2}\Bigr)""",
    "y = 0 in k = max(1, floor(c H)) rows,    else x": r"""
y = \begin{cases} 0 & \text{in } k = \max(1, \lfloor c H \rfloor) \text{ rows} \\
x & \text{else} \end{cases}""",
    "y = 0 in a block of h x w pixels,    else x,    h = H sqrt(a q), w = W sqrt(a / q)": r"""
y = \begin{cases} 0 & \text{in a block of } h \times w \text{ pixels} \\ x & \text{else}
\end{cases} \qquad h = H \sqrt{a q},\ w = W \sqrt{a / q}""",
    "y = 0 in round(s n) of the n cells,    else x": r"""
y = \begin{cases} 0 & \text{in } \operatorname{round}(s\, n) \text{ of the } n \text{ cells} \\
x & \text{else} \end{cases}""",
    "y = (1 - a) x + a r": r"y = (1 - a)\, x + a\, r",
    "y = u on the edges and on a share c of the pixels around them,    else x": r"""
y = \begin{cases} u & \text{on the edges and on a share } c \text{ of the pixels around them} \\
x & \text{else} \end{cases}""",
    # temporal
    "y_t = min(1, b x + (1 - b) max(x, 1.5 G(x) + 0.5) + f(p - v t e) + F(p - 0.6 v t e))": r"""
y_t(p) = \min\bigl(1,\ b\, x + (1 - b) \max(x,\ 1.5\, G(x) + 0.5) + f(p - v\, t\, e)
+ F(p - 0.6\, v\, t\, e)\bigr)""",
    "py = (u P + f v t) mod P - L,    P = H + L": r"""
p_y = (u\, P + f\, v\, t) \bmod P - L, \qquad P = H + L""",
    "output i = the last frame before the stall in frames that stall, else input i": r"""
y_i = \begin{cases} x_b,\ b \text{ the last frame before the stall} & \text{in frames that stall} \\
x_i & \text{else} \end{cases}""",
    "output i = input j_i,    j_i = j_(i-1) in frames that stall, else min(i, j_(i-1) + 2)": r"""
y_i = x_{j_i}, \qquad j_i = \begin{cases} j_{i-1} & \text{in frames that stall} \\
\min(i,\ j_{i-1} + 2) & \text{else} \end{cases}""",
    "y_t = min(1, x_t max(0, 1 + s z_t)),    z_t standard normal": r"""
y_t = \min\bigl(1,\ x_t \max(0,\ 1 + s\, z_t)\bigr), \qquad z_t \sim N(0, 1)""",
    "y_i = mean of x_j,    max(0, i - c) <= j <= min(T - 1, i + c)": r"""
y_i = \operatorname{mean}(x_j), \qquad \max(0,\ i - c) \le j \le \min(T - 1,\ i + c)""",
    "row r of y_i = row r of x_j,    j = max(0, i - d + floor((d + 1) r / H))": r"""
y_i(r) = x_j(r), \qquad j = \max\bigl(0,\ i - d + \lfloor (d + 1)\, r / H \rfloor\bigr)
\text{ for row } r""",
    "y(p) = x(m + t + R (p - m) / z),    m the centre": r"""
y(p) = x\bigl(m + t + R\,(p - m) / z\bigr), \qquad m \text{ the centre}""",
    "y_t = 0 in a block of h x w pixels at q_t,    else x_t,    h = H sqrt(a), w = W sqrt(a)": r"""
y_t = \begin{cases} 0 & \text{in a block of } h \times w \text{ pixels at } q_t \\
x_t & \text{else} \end{cases} \qquad h = H \sqrt{a},\ w = W \sqrt{a}""",
    "y_i = 0 in round(s T) frames,    else x_i": r"""
y_i = \begin{cases} 0 & \text{in } \operatorname{round}(s\, T) \text{ frames} \\
x_i & \text{else} \end{cases}""",
    "y_i = x_j,    j the frame nearest to i of the max(1, round((1 - s) T)) that are kept": r"""
y_i = x_j, \qquad j \text{ the frame nearest to } i \text{ of the }
\max\bigl(1,\ \operatorname{round}((1 - s)\, T)\bigr) \text{ that are kept}""",
    "y_i = x_o(i),    o a random order of round(s T) frames,    o(i) = i for the others": r"""
y_i = x_{o(i)}, \qquad o \text{ a random order of } \operatorname{round}(s\, T) \text{ frames},
\qquad o(i) = i \text{ for the others}""",
    "y_i = x_o(i),    but 0 in round(v T) frames,    v = (1 - u) s, u uniform in [0, 1)": r"""
y_i = x_{o(i)}, \text{ but } 0 \text{ in } \operatorname{round}(v\, T) \text{ frames}, \qquad
v = (1 - u)\, s,\ u \text{ uniform in } [0, 1)""",
    "y = 0 in the frames that are touched (`_localized`), else x": r"""
y = \begin{cases} 0 & \text{in the frames that are touched} \\ x & \text{else} \end{cases}""",
    "output = S_o(0), S_o(1), ...,    S_j = inputs j n to (j + 1) n - 1": r"""
y = S_{o(0)}, S_{o(1)}, \ldots, \qquad S_j = x_{jn}, \ldots, x_{(j+1)n-1}""",
    """\
output n = input max(0, ceil((n + 1/2) fps / F) - 1),    n = 0 .. N - 1
N = max(1, round(duration x F)),    duration = T / fps, halves rounded up""": r"""
\begin{aligned}
y_n &= x_j, \quad j = \max\bigl(0,\ \lceil (n + 1/2)\, \text{fps} / F \rceil - 1\bigr),
\quad 0 \le n < N \\
N &= \max\bigl(1,\ \lfloor F\, T / \text{fps} + 1/2 \rfloor\bigr)
\end{aligned}""",
    "output n = input max(0, the last k with t_k < (n + 1/2) / F)": r"""
y_n = x_j, \quad j = \max\bigl(0,\ \max\{k : t_k < (n + 1/2) / F\}\bigr)""",
    "output 0 = input 0;   output i = output i - 1 with probability p, else input i": r"""
y_0 = x_0, \qquad
y_i = \begin{cases} y_{i-1} & \text{with probability } p \\ x_i & \text{else} \end{cases}""",
    "output i = input o(i),    floor(o(i) / n) = floor(i / n)": r"""
y_i = x_{o(i)}, \qquad \lfloor o(i) / n \rfloor = \lfloor i / n \rfloor""",
    "y(p) = sum of g_i x(p + o_i),    o_i = i pixels along the angle, to the nearest pixel": r"""
y(p) = \sum_i g_i\, x(p + o_i), \qquad
o_i = i \text{ pixels along the angle, to the nearest pixel}""",
    "y_i = mean of x_j,    max(0, i - c) <= j < min(T, i + c)": r"""
y_i = \operatorname{mean}(x_j), \qquad \max(0,\ i - c) \le j < \min(T,\ i + c)""",
    "y = median of 7 x 7 of (hand over x) in frames that are touched (`_localized`), else x": r"""
y = \begin{cases} \operatorname{median}_{7 \times 7}(\text{the hand over } x) &
\text{in the frames that are touched} \\ x & \text{else} \end{cases}""",
    "y = min(255, x + 100) in the frames that are touched (`_localized`), else x": r"""
y = \begin{cases} \min(255,\ x + 100) & \text{in the frames that are touched} \\
x & \text{else} \end{cases}""",
    "output i = input r floor((T - 1 - i) / r)": r"""
y_i = x_j, \qquad j = r\, \lfloor (T - 1 - i) / r \rfloor""",
    "output i = input r floor(i / r)": r"y_i = x_j, \qquad j = r\, \lfloor i / r \rfloor",
}
