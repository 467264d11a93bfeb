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
    "u_i < p,  u_i uniform in [0, 1)": r"u_i < p, \qquad u_i \text{ uniform in } [0, 1)",
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
    # temporal
    "y = 0 in the frames that are touched (`_local`), else x": r"""
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
    "y = median of 7 x 7 of (hand over x) in frames that are touched (`_local`), else x": r"""
y = \begin{cases} \operatorname{median}_{7 \times 7}(\text{the hand over } x) &
\text{in the frames that are touched} \\ x & \text{else} \end{cases}""",
    "y = min(255, x + 100) in the frames that are touched (`_local`), else x": r"""
y = \begin{cases} \min(255,\ x + 100) & \text{in the frames that are touched} \\
x & \text{else} \end{cases}""",
    "output i = input r floor((T - 1 - i) / r)": r"""
y_i = x_j, \qquad j = r\, \lfloor (T - 1 - i) / r \rfloor""",
    "output i = input r floor(i / r)": r"y_i = x_j, \qquad j = r\, \lfloor i / r \rfloor",
}
