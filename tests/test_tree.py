"""The tree keeps its shape: tests mirror the packages, and packages do nothing when they are imported."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("daemon", "probes", "config")

# Modules without a test file of their own. Keep it tiny: each line says what tests the module instead.
UNTESTED: dict[str, str] = {}
# Test files that belong to a folder instead of a module: one contract, all implementations.
FOLDER_TESTS = {"test_contract.py"}


def modules() -> list[Path]:
    found = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if path.name != "__init__.py")


def mirror(module: Path) -> Path:
    return Path("tests") / module.with_name(f"test_{module.name}")


def test_every_module_has_its_test_file() -> None:
    missing = [f"{m}: {mirror(m)}" for m in modules() if str(m) not in UNTESTED and not (ROOT / mirror(m)).exists()]
    assert not missing, "no test file for:\n" + "\n".join(missing)


def test_every_test_file_has_its_module() -> None:
    expected = {mirror(module) for module in modules()}
    found = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / "tests" / package).rglob("test_*.py")]
    stray = sorted(str(path) for path in found if path not in expected and path.name not in FOLDER_TESTS)
    assert not stray, "no module for:\n" + "\n".join(stray)


def test_exceptions_are_still_needed() -> None:
    stale = [name for name in UNTESTED if not (ROOT / name).exists() or (ROOT / mirror(Path(name))).exists()]
    assert not stale, f"remove from UNTESTED: {stale}"


def test_packages_hold_a_docstring_only() -> None:
    inits = [path for package in PACKAGES for path in (ROOT / package).rglob("__init__.py")]
    bodies = {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in inits}
    full = sorted(name for name, tree in bodies.items() if len(tree.body) != 1 or not ast.get_docstring(tree))
    assert not full, f"more (or less) than a docstring: {full}"


def test_every_folder_of_modules_is_a_package() -> None:
    """The wheel, mypy and import-linter see only packages."""
    bare = {str(module.parent) for module in modules() if not (ROOT / module.parent / "__init__.py").exists()}
    assert not bare, f"no __init__.py in: {sorted(bare)}"


def test_tests_are_no_packages() -> None:
    """An __init__.py below tests/ would shadow the packages of the same names."""
    found = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("__init__.py")]
    assert not found, f"remove: {found}"
