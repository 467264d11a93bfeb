"""The report's page: one self-contained HTML file, made of values, a template and our own scripts.

`build` puts it together; `evaluated`, `pairs`, `origin` and `samples` say what is on it. The charts
are drawn in the browser by Vega-Lite, which comes out of the package vl-convert-python and goes
into the file, so that nothing is loaded when the page is viewed.
"""
