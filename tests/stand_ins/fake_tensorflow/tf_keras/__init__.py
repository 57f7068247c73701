"""The stand-in for Keras under the name of its legacy distribution."""

from pathlib import Path

_file = Path(__file__).parent.parent / "keras" / "__init__.py"
exec(compile(_file.read_text(encoding="utf-8"), str(_file), "exec"), globals())
