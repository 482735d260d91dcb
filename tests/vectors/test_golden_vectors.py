"""The golden vectors are what the implementation makes, and the same everywhere.

``test_*_derived.py`` derive them a second time, from ``README.md`` alone.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from model_consensus.streamlet.codec import CodecError, decode, encode
from model_consensus.streamlet.offers import decode_offer, encode_offer
from tests.support.places import ROOT
from tests.support.places import VECTORS as FOLDER
from tests.vectors import golden_vectors
from tests.vectors.derivation import vectors


@pytest.mark.parametrize("name", golden_vectors.FORMATS)
def test_the_files_are_what_the_implementation_makes(name: str) -> None:
    found = (FOLDER / f"{name}.json").read_text(encoding="ascii")
    assert found == golden_vectors.text(name), (
        "python -m tests.vectors.golden_vectors writes it again"
    )


def test_every_file_is_explained() -> None:
    explained = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = sorted(file.stem for file in FOLDER.glob("*.json"))
    assert files == sorted(golden_vectors.FORMATS)
    for name in files:
        assert f"## {name}.json" in explained


def test_the_second_derivation_uses_nothing_of_the_implementation() -> None:
    files = [FOLDER / "derivation.py", *FOLDER.glob("test_*_derived.py")]
    assert len(files) == 5
    for file in files:
        imports = re.findall(r"(?m)^\s*(?:from|import) (\S+)", file.read_text(encoding="utf-8"))
        assert not any(
            name.startswith(("model_consensus", "tests.vectors.golden")) for name in imports
        )


def test_what_is_encoded_is_decoded_and_what_is_malformed_is_refused() -> None:
    for case in vectors("streamlet")["valid"]:
        assert encode(decode(bytes.fromhex(case["bytes"]))).hex() == case["bytes"]
    for case in vectors("streamlet")["malformed"]:
        with pytest.raises(CodecError) as refusal:
            decode(bytes.fromhex(case["bytes"]))
        assert str(refusal.value) == case["error"]
    for case in vectors("offers")["valid"]:
        offer = decode_offer(case["offer"]["sender"], bytes.fromhex(case["bytes"]))
        assert offer is not None
        assert encode_offer(offer).hex() == case["bytes"]
    for case in vectors("offers")["malformed"]:
        assert decode_offer("p1", bytes.fromhex(case["bytes"])) is None


REGENERATE = """
import sys
from threadpoolctl import threadpool_info, threadpool_limits
from model_consensus.simulation.digits import load_parts
load_parts()  # which limits BLAS to one thread
threadpool_limits(int(sys.argv[1]))
from tests.vectors import golden_vectors
golden_vectors.main(sys.argv[2:])
print([each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "threads"), [("0", "1"), ("1", "2")])
def test_the_bytes_do_not_depend_on_hash_seeds_and_threads(
    seed: str, threads: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", REGENERATE, threads, str(tmp_path)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    blas = json.loads(done.stdout.splitlines()[-1])
    assert blas == [] or min(int(threads), os.cpu_count() or 1) in blas
    for file in sorted(tmp_path.iterdir()):
        assert file.read_bytes() == (FOLDER / file.name).read_bytes(), file.name
    assert len(list(tmp_path.iterdir())) == len(golden_vectors.FORMATS)
