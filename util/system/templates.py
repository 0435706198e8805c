"""Pages from templates of Jinja2: every text is escaped, and a name that is missing is an error."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def environment(folder: Path) -> Environment:
    """The environment of the templates in a folder."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(templates: Environment, name: str, **values: Any) -> str:
    """A page. A letter that exists in no encoding, as a name may have, becomes a question mark."""
    text = templates.get_template(name).render(**values)
    return text.encode("utf-8", "replace").decode("utf-8")
