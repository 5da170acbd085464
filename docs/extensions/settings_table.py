"""config.py's settings, read without running it: names, defaults and docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

CONFIG = Path(__file__).parent.parent.parent / "config.py"

MiB = 1024 * 1024


def settings() -> Iterator[tuple[str, str, str]]:
    """Yield each setting's name, its default and what it does, in the file's order.

    Raises ValueError where a line of the class is not a setting with its docstring.
    """
    tree = ast.parse(CONFIG.read_text())
    config = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    for setting, docstring in zip(config.body[1::2], config.body[2::2], strict=True):
        match setting, docstring:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[_, default, *_]))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(args=[_, default, *_])),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, _written(default), " ".join(text.split())
            case _:
                raise ValueError(f"{CONFIG.name}, line {setting.lineno}: expected a setting and its docstring")


def _written(default: ast.expr) -> str:
    """Return a default as one sets it in the environment."""
    text = re.sub(r"(\d+) \* MiB", lambda size: str(int(size[1]) * MiB), ast.unparse(default))
    return text.strip("'[]").replace("'", "")


def settings_table() -> str:
    """Return Markdown: a heading for each setting, what it does, and its default."""
    return "\n".join(
        f"### `{name}`\n\n{text}\n\nDefault: {f'`{default}`' if default else 'empty'}\n"
        for name, default, text in settings()
    )
