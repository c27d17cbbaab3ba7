# SPDX-License-Identifier: GPL-2.0
"""Pictures as text, the same to the byte wherever they are made."""
from xml.sax.saxutils import escape, quoteattr

SANS = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
MONO = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace"


def number(value):
    """With one digit behind the point at most."""
    return f"{value:.1f}".removesuffix(".0")


def tag(name, inside=None, **attributes):
    """An element; a - in the name of an attribute is written as _."""
    words = "".join(f" {key.rstrip('_').replace('_', '-')}="
                    + quoteattr(number(value) if isinstance(value, float) else str(value))
                    for key, value in attributes.items())
    return f"<{name}{words}/>" if inside is None else f"<{name}{words}>{inside}</{name}>"


def rect(x, y, width, height, **more):
    return tag("rect", x=float(x), y=float(y), width=float(width), height=float(height), **more)


def text(x, y, words, **more):
    return tag("text", escape(words), x=float(x), y=float(y), **more)


def line(x1, y1, x2, y2, **more):
    return tag("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), **more)


def picture(size, title, parts, font=SANS, background="#ffffff", points=11):
    """The whole file."""
    width, height = (number(float(each)) for each in size)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{font}" font-size="{points}">',
        tag("title", escape(title)), rect(0, 0, *size, fill=background), *parts, "</svg>"]) + "\n"
