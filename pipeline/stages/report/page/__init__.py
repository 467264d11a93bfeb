"""The report's page: one self-contained HTML file from values, a template and scripts.

`build` assembles it; `chart_values`, `accounting` and `clips` compute its contents. Vega-Lite draws
the charts in the browser; it is copied from the package vl-convert-python into the file, so that
nothing is loaded when the page is viewed.
"""
