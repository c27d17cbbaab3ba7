# SPDX-License-Identifier: GPL-2.0
"""What sphinx is told: see scripts/htmldoc."""
# pylint: disable=invalid-name
project = "wpool"
extensions = ["myst_parser"]
root_doc = "README"
html_theme = "alabaster"
html_theme_options = {"page_width": "1200px", "sidebar_width": "260px"}
html_show_copyright = html_show_sourcelink = html_copy_source = False
myst_heading_anchors = 4
primary_domain, highlight_language = "c", "none"
