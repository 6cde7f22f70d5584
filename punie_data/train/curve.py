"""A run's losses: as a line of the terminal, and as a picture beside the adapter."""

from collections.abc import Sequence
from html import escape

BARS = "▁▂▃▄▅▆▇█"
MOST = 60
WIDTH, HEIGHT, MARGIN = 720, 300, 48
COLOURS = {"train": "#2563eb", "valid": "#d97706"}

Losses = Sequence[tuple[int, float]]


def sparkline(values: Sequence[float], most: int = MOST) -> str:
    """A bar a value, the lowest the least; of more than `most` values each bar is the mean of its share of them."""
    shares = [
        values[at * len(values) // most : max((at + 1) * len(values) // most, at * len(values) // most + 1)]
        for at in range(most)
    ]
    shown = list(values) if len(values) <= most else [sum(share) / len(share) for share in shares]
    low, high = min(shown), max(shown)
    if high == low:
        return BARS[0] * len(shown)
    return "".join(BARS[round((value - low) / (high - low) * (len(BARS) - 1))] for value in shown)


def curve(title: str, losses: dict[str, Losses], kept: int = 0) -> str:
    """An SVG that stands alone or in a page: nats a learned token over steps, a line for each of `losses`, and the step of the weights that were kept."""
    drawn = {name: points for name, points in losses.items() if points}
    last = max((step for points in drawn.values() for step, _ in points), default=1) or 1
    top = max((loss for points in drawn.values() for _, loss in points), default=1.0) or 1.0

    def x(step: float) -> float:
        return round(MARGIN + step / last * (WIDTH - 2 * MARGIN), 1)

    def y(loss: float) -> float:
        return round(HEIGHT - MARGIN - loss / top * (HEIGHT - 2 * MARGIN), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for part in range(5):
        loss = top * part / 4
        parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y(loss)}" y2="{y(loss)}" stroke="#e5e7eb"/>'
        )
        parts.append(f'<text x="{MARGIN - 6}" y="{y(loss) + 4}" text-anchor="end">{loss:.2f}</text>')
    for at, (name, points) in enumerate(drawn.items()):
        colour = COLOURS.get(name, "#6b7280")
        line = " ".join(f"{x(step)},{y(loss)}" for step, loss in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        told = f"{name} {points[0][1]:.3f} → {points[-1][1]:.3f}"
        parts.append(f'<text x="{MARGIN + 220 * at}" y="20" fill="{colour}">{escape(told)}</text>')
    if kept:
        parts.append(
            f'<line x1="{x(kept)}" x2="{x(kept)}" y1="{MARGIN}" y2="{HEIGHT - MARGIN}" stroke="#059669" stroke-dasharray="4"/>'
        )
        parts.append(f'<text x="{x(kept)}" y="{MARGIN - 6}" text-anchor="middle" fill="#059669">kept</text>')
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">step of {last:,}; nats a learned token</text>'
    )
    return "\n".join([*parts, "</svg>\n"])
