"""The configuration of a node: whatever is wrong with it is one line."""

from pathlib import Path

import pytest

from model_consensus.commands.cli import main
from model_consensus.node.config import load_config
from tests.support.nodes import WORK, configs, nats_configs, pow_configs, write_configs

Output = pytest.CaptureFixture[str]


def test_a_configuration_is_read(tmp_path: Path) -> None:
    config = configs(tmp_path)[1]
    assert config.process == "p2"
    assert config.log == tmp_path / "p2.log"
    assert config.agreed.processes == ("p1", "p2", "p3", "p4")
    assert (config.agreed.lambda_, config.agreed.mu, config.agreed.draws) == (3, 2, 2)
    assert config.agreed.genesis == config.search.genesis.digest
    assert config.byzantine == ()


def test_a_configuration_of_proof_of_work_is_read(tmp_path: Path) -> None:
    config = pow_configs(tmp_path)[1]
    assert config.process == "p2"
    assert config.tries == 256
    assert (config.agreed.depth, config.agreed.hashes, config.agreed.draws) == (1, 2048, 2)
    assert config.agreed.rules.target == 1 << 245
    assert config.setting.attack == "honest"
    other = pow_configs(tmp_path, pow=WORK | {"depth": 2})[1]
    assert other.problem != config.problem
    assert other.agreed.genesis == config.agreed.genesis


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("tries = 256", "", "pow.tries is missing"),
        ("tries = 256", "tries = 0", "pow.tries must be in 1..1000000, not 0"),
        ("tries = 256", "tries = 1000001", "pow.tries must be in 1..1000000, not 1000001"),
        ("depth = 1", "depth = -1", "depth must be at least 0, not -1"),
        ("hashes = 2048", "hashes = 4294967297",
         "hashes must be at most 2^32, so that a hash is found: not 4294967297"),
        ("[pow]", "[pow]\nseed = 1", "there is no field pow.seed"),
        ("[pow]", "lambda = 3\n[pow]", "there is no field lambda"),
        ("[pow]", 'journal = "j"\n[pow]', "there is no field journal"),
        ("draws = 2\n", "draws = 999\n", "messages hold offers of at most 242 draws, not 999"),
        ("[processes.p4]", '[processes."p\u00e9"]',
         "a name in a block has at most 64 ASCII characters: 'p\u00e9'"),
        ("[processes.p2]", '[attack]\nname = "nono"\nprocesses = ["p1"]\n[processes.p2]',
         "no attack on pow 'nono': "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_proof_of_work_is_named(
    old: str, new: str, problem: str, tmp_path: Path, capsys: Output
) -> None:
    pow_configs(tmp_path)
    path = tmp_path / "p1.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert main(["node", "--config", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"model-consensus: error: {path}: {problem}")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("draws = 2\n", "", "draws is missing"),
        ("draws = 2\n", "draws = 0\n", "draws must be at least 1, not 0"),
        ("draws = 2\n", "draws = true\n", "draws must be a whole number, not True"),
        ("draws = 2\n", "draws = 999\n",
         "streamlet's messages hold offers of at most 242 draws, not 999"),
        ("draws = 2\n", "draws = \n", "not TOML: Invalid value (at line 10, column 9)"),
        ("lambda = 3", "lambda = 5", "lambda must be in 1..4, the number of processes: not 5"),
        ("mu = 2", "mu = 4", "mu must be in 1..3, as lambda is 3: not 4"),
        ("byzantine = 1", "byzantine = 2",
         "streamlet needs processes > 3 byzantine (n > 3f), and 4 > 3 * 2 is false"),
        ("recombines = true", "recombines = 1", "recombines must be true or false, not 1"),
        ("epoch = 0.05", "epoch = 0", "epoch must be at least 0.001, not 0.0"),
        ("epoch = 0.05", "epoch = nan", "epoch must be at least 0.001, not nan"),
        ("epoch = 0.05", 'epoch = "1"', "epoch must be a number of seconds, not '1'"),
        ("mu = 2\n", "mu = 2\nseed = 7\n", "there is no field seed"),
        ('process = "p1"', 'process = "p9"', "process p9 is not one of processes"),
        ('key = "p1.pem"', 'key = "p2.pem"', "key is not that of processes.p1.key"),
        ('key = "p1.pem"', 'key = "no.pem"', "key: {folder}/no.pem: No such file or directory"),
        ('key = "p1.pem"', 'key = "p1.toml"',
         "key: {folder}/p1.toml: not an Ed25519 private key in PEM, unencrypted"),
        ('"onemax"', '"onemin"', "no landscape 'onemin': did you mean onemax? "
         "(one of your own is module:attribute)"),
        ("[processes.p2]", "[processes.p2]\nport = 1", "there is no field processes.p2.port"),
        ("[processes.p2]\nkey = \"", "[processes.p2]\nkey = \"z",
         "processes.p2.key must be 64 hexadecimal digits, not 'z{p2}'"),
        ('listen = "127.0.0.1:', 'listen = "127.0.0.1:9', "listen must be HOST:PORT, not "
         "'127.0.0.1:9{port}'"),
        ("[processes.p2]", '[attack]\nname = "none"\nprocesses = ["p2"]\n[processes.p2]',
         "attack.processes must have p1 and at most 1 processes, as byzantine is 1"),
        ("[processes.p2]", '[attack]\nname = "nono"\nprocesses = ["p1"]\n[processes.p2]',
         "no attack on streamlet 'nono': did you mean none?"),
        ("[processes.p2]", '[attack]\nname = "none"\nprocesses = [1]\n[processes.p2]',
         "attack.processes has something else than different processes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    old: str, new: str, problem: str, tmp_path: Path, capsys: Output
) -> None:
    path = write_configs(tmp_path)[0]
    config = load_config(path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert main(["node", "--config", str(path)]) == 2
    said = problem.format(folder=tmp_path, port=config.listen[1], p2=config.keys["p2"].hex())
    assert capsys.readouterr().err == f"model-consensus: error: {path}: {said}\n"


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "p1.toml"
    assert main(["node", "--config", str(path)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {path}: No such file or directory\n"


def test_a_configuration_over_nats_has_servers_instead_of_addresses(tmp_path: Path) -> None:
    servers = [("127.0.0.1", 4222), ("::1", 4223)]
    config = nats_configs(tmp_path, servers)[0]
    assert config.servers == tuple(servers)
    assert config.addresses == {}
    assert config.setting.protocol == "tob"  # which does not demand n > 3f


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('["127.0.0.1:4222"]', "[]", "nats.servers has no address"),
        ('["127.0.0.1:4222"]', "[4222]", "nats.servers must be HOST:PORT, not '4222'"),
        ('["127.0.0.1:4222"]', '"127.0.0.1:4222"',
         "nats.servers must be a list of HOST:PORT, not '127.0.0.1:4222'"),
        ("[nats]", "[nats]\nreplicas = 5", "there is no field nats.replicas"),
        ("[nats]", '[nats]\nservers = ["h:1"]\n[pow]',
         "pow and nats exclude each other"),
        ("mu = 2", 'mu = 2\njournal = "p1.journal"', "there is no field journal"),
        ("[processes.p2]", '[processes.p2]\naddress = "h:1"',
         "there is no field processes.p2.address"),
        ("[processes.p2]", '[attack]\nname = "equivocate"\nprocesses = ["p1"]\n[processes.p2]',
         "no attack on tob 'equivocate': did you mean equivocation or duplicate?"),
    ],
)  # fmt: skip
def test_what_is_wrong_over_nats_is_named(
    old: str, new: str, problem: str, tmp_path: Path, capsys: Output
) -> None:
    path = write_configs(tmp_path, nats=["127.0.0.1:4222"])[0]
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert main(["node", "--config", str(path)]) == 2
    assert capsys.readouterr().err == f"model-consensus: error: {path}: {problem}\n"
