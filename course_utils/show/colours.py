"""Colours that stay apart for colour-blind eyes, in print and on a dark page."""

VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"]
OKABE_ITO = [
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#f0e442",
]  # without black: pages may be dark


def ramp(levels: int):
    """`levels` colours from dark to bright along viridis: an array of shape (levels, 3), dtype uint8."""
    import numpy as np

    anchors = np.array([[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in VIRIDIS])
    places = np.linspace(0, len(anchors) - 1, levels)
    channels = [np.interp(places, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)
