"""Pictures of systems: planned once, as values, then written in many formats.

`draw` makes a `Picture` of a system and its report; `svg`, `mermaid`, `d2` and `dot` write one as text, `png` and
`pdf` as bytes. `live` makes the picture of a page, which `archlint.report.html` writes. `graphml` and `node_link` write
the whole system as a graph. All are pure functions; those that need positions run a layout engine.
"""

from archlint.diagram.d2 import d2
from archlint.diagram.dot import dot
from archlint.diagram.formats import EXTENSIONS, FORMATS, Look, render
from archlint.diagram.live import Live, live
from archlint.diagram.mermaid import mermaid
from archlint.diagram.networks import GRAPHS, graphml, node_link
from archlint.diagram.picture import Cluster, Edge, Mark, Node, Picture
from archlint.diagram.plan import Plan, draw
from archlint.diagram.raster import pdf, png
from archlint.diagram.svg import svg
from archlint.diagram.themes import stylesheet

__all__ = [
    "EXTENSIONS",
    "FORMATS",
    "GRAPHS",
    "Cluster",
    "Edge",
    "Live",
    "Look",
    "Mark",
    "Node",
    "Picture",
    "Plan",
    "d2",
    "dot",
    "draw",
    "graphml",
    "live",
    "mermaid",
    "node_link",
    "pdf",
    "png",
    "render",
    "stylesheet",
    "svg",
]
