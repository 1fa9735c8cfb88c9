"""A picture of gnuplot, made fit to stand inside a page: names that no other picture has, no size of its own, colours
that follow the page's theme, and nothing but shapes and text."""
import re
import xml.etree.ElementTree as xml

NAMESPACE = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
ELEMENTS = {"svg", "g", "defs", "path", "rect", "circle", "polygon", "polyline", "use", "text", "tspan"}
ATTRIBUTES = {"viewBox", "fill", "stroke", "color", "stroke-width", "stroke-linecap", "stroke-linejoin",
              "stroke-dasharray", "fill-opacity", "stroke-opacity", "shape-rendering", "transform", "font-family",
              "font-size", "font-weight", "font-style", "text-anchor", "dy", "dx", "x", "y", "x1", "x2", "y1", "y2",
              "width", "height", "r", "cx", "cy", "d", "points", "id"}
COLOURS = {"fill", "stroke", "color"}
RGB = re.compile(r"rgb\(\s*(\d+),\s*(\d+),\s*(\d+)\s*\)")
HEX = re.compile(r"#[0-9a-f]{6}")
NUMBER = re.compile(r"-?\d+\.\d+")
DEFAULTS = {"stroke-linecap": "butt", "stroke-linejoin": "miter"}  # what they are anyway
DRAWS = re.compile(r"[LlHhVvCcSsQqTtAa]")

# What scripts/plot/style.gp draws in, and what a page calls it.
THEME = {"#ffffff": "var(--paper)", "#000000": "var(--ink)", "#222222": "var(--ink)", "#333333": "var(--ink)",
         "#444444": "var(--ink-soft)", "#555555": "var(--ink-soft)", "#666666": "var(--ink-soft)",
         "#777777": "var(--ink-soft)", "#bbbbbb": "var(--line)", "#dddddd": "var(--grid)", "#e9e9e9": "var(--band)",
         "#0072b2": "var(--blue)"}


def colour(value: str) -> str:
    """Greys are the page's own. A series has its colour, or that which the theme names for it (--c-..., report.css)."""
    found = RGB.fullmatch(value)
    name = "#" + "".join(f"{min(255, int(part)):02x}" for part in found.groups()) if found else value.lower()
    name = {"black": "#000000", "white": "#ffffff"}.get(name, name)
    return THEME.get(name, f"var(--c-{name[1:]},{name})" if HEX.fullmatch(name) else name)


def shorter(value: str) -> str:
    """A tenth of a unit is finer than any screen."""
    return NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)


def set_attributes(element: xml.Element, kind: str, prefix: str) -> None:
    old = dict(element.attrib)
    element.attrib.clear()
    for name, value in old.items():
        if name == HREF and value.startswith("#"):
            element.set("href", f"#{prefix}-{value[1:]}")
        elif name == "id" and kind == "g" or value == DEFAULTS.get(name):
            continue  # nothing refers to a group
        elif name == "id":
            element.set("id", f"{prefix}-{value}")
        elif kind == "svg" and name in ("width", "height"):
            continue
        elif name in ATTRIBUTES:
            short = shorter(value) if name in ("d", "points", "transform") and kind != "defs" else value
            element.set(name, colour(value) if name in COLOURS else short)


def is_empty(element: xml.Element) -> bool:
    """Groups of nothing, and paths that only move."""
    if element.tag == "path":
        return not DRAWS.search(element.get("d", ""))
    return element.tag == "g" and not len(element) and not (element.text or "").strip()


def tidy(element: xml.Element, prefix: str, in_defs: bool = False) -> None:
    for child in list(element):
        kind = child.tag.removeprefix(NAMESPACE)
        if kind not in ELEMENTS:
            element.remove(child)
            continue
        child.tag = kind
        in_definition = in_defs or kind == "defs"
        set_attributes(child, "defs" if in_definition else kind, prefix)
        tidy(child, prefix, in_definition)
        if is_empty(child):
            element.remove(child)
            continue
        child.tail = None
        if kind not in ("text", "tspan"):
            child.text = None


def inline(data: bytes, name: str, alt: str) -> str:
    """The picture as markup. Raises xml.ParseError if it is none."""
    root = xml.fromstring(data)
    root.tag = "svg"
    set_attributes(root, "svg", name)
    tidy(root, name)
    root.text = None
    title = xml.Element("title", {"id": f"{name}-title"})
    title.text = alt
    root.insert(0, title)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    return xml.tostring(root, encoding="unicode")
