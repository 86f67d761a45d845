"""The course's own data sets: a name becomes a `datasets.DatasetDict`, offline.

`corpora/catalog.toml` lists them; each has JSON Lines and a data card in `corpora/<name>/`. `COURSE_DATA=hub` loads the
larger twin from the Hub instead.
"""

import contextlib
import difflib
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets import DatasetDict, Features

CORPORA = Path(__file__).resolve().parent.parent / "corpora"


class CorpusError(RuntimeError):
    """A data set that cannot be had; the message says which, why and what to do."""


@dataclass(frozen=True)
class Corpus:
    """What the catalogue says of one data set; `labels` are the class names in the order of their numbers."""

    name: str
    about: str
    splits: tuple[str, ...]
    fields: Mapping[str, str]
    labels: tuple[str, ...] = ()
    hub: Mapping[str, str] = field(default_factory=dict)

    def file(self, split: str) -> Path:
        """The JSON Lines file of one split."""
        return CORPORA / self.name / f"{split}.jsonl"

    @property
    def card(self) -> Path:
        """The data card."""
        return CORPORA / self.name / "README.md"


@cache
def catalog(path: Path = CORPORA / "catalog.toml") -> Mapping[str, Corpus]:
    """Read the catalogue: name -> `Corpus`."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Corpus(
            name=name, **{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        )
        for name, row in entries.items()
    }


def names() -> list[str]:
    """The names that `corpus` knows."""
    return list(catalog())


def describe(name: str) -> Corpus:
    """What the catalogue says of one data set.

    Raises:
        CorpusError: unknown name; the message gives the nearest one.
    """
    if name in catalog():
        return catalog()[name]
    nearest = difflib.get_close_matches(str(name), names(), n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "known are " + ", ".join(names()) + "."
    raise CorpusError(f"There is no corpus {name!r}: {hint}")


def corpus(name: str) -> "DatasetDict":
    """Load a data set of the course as a `DatasetDict`, with features and label names. Introduced in day05_datasets.

    Nothing is downloaded. With `COURSE_DATA=hub` the twin on the Hub is loaded instead, where there is one.

    Raises:
        CorpusError: unknown name, missing or damaged file, no twin, no network in hub mode.
    """
    entry = describe(name)
    source = os.environ.get("COURSE_DATA") or "builtin"
    if source == "hub":
        return _from_hub(entry)
    if source != "builtin":
        raise CorpusError(f"COURSE_DATA is {source!r}: set it to 'builtin' or 'hub', or leave it unset.")
    return _from_files(entry)


def features(entry: Corpus) -> "Features":
    """The `datasets.Features` of a corpus, from the short type names of the catalogue."""
    import datasets

    text = datasets.Value("string")
    kinds = {
        "text": text,
        "integer": datasets.Value("int32"),
        "texts": datasets.List(text),
        "label": datasets.ClassLabel(names=list(entry.labels)),
        "labels": datasets.List(datasets.ClassLabel(names=list(entry.labels))),
        "answers": {"text": datasets.List(text), "answer_start": datasets.List(datasets.Value("int32"))},
        "translation": datasets.Translation(languages=["en", "fr"]),
    }
    return datasets.Features({name: kinds[kind] for name, kind in entry.fields.items()})


def _from_files(entry: Corpus) -> "DatasetDict":
    import datasets

    files = {split: str(entry.file(split)) for split in entry.splits}
    for file in files.values():
        if not Path(file).is_file():
            raise CorpusError(f"The file {file} is missing: restore the folder corpora/ from the course's repository.")
    bar = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset("json", data_files=files, features=features(entry), cache_dir=str(_cache()))
    except datasets.exceptions.DatasetGenerationError as error:
        raise CorpusError(
            f"The corpus {entry.name!r} has a row that does not fit its fields ({error.__cause__ or error}): "
            f"restore the folder corpora/{entry.name} from the course's repository."
        ) from error
    finally:
        if bar:
            datasets.enable_progress_bars()


def _cache() -> Path:
    """Where the Arrow files lie: in the course's own cache, or where that cannot be written (behind the graders' wall,
    say) in a temporary folder.
    """
    import platformdirs

    root = os.environ.get("COURSE_CACHE") or platformdirs.user_cache_path("transformers-course", appauthor=False)
    folder = Path(root) / "datasets"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir()) / "transformers-course-datasets"


def _from_hub(entry: Corpus) -> "DatasetDict":
    import datasets

    if not entry.hub:
        raise CorpusError(f"{entry.name!r} has no twin on the Hub: unset COURSE_DATA to use the built-in one.")
    try:
        return datasets.load_dataset(entry.hub["id"], entry.hub.get("config"), revision=entry.hub.get("revision"))
    except Exception as error:  # many types; to the reader they are one
        raise CorpusError(
            f"COURSE_DATA=hub asks for {entry.hub['id']}, which is not in the Hub's cache and could not be fetched "
            f"({type(error).__name__}): connect to the network once, or unset COURSE_DATA to use the built-in one."
        ) from error
