"""Counts what the modules of scripts/lib do, so that tests can say how it grows, on any machine: a step for each call
and each turn of a loop, and as many as there are elements where a list or a text is searched, copied, or handed to what
is not written here. Import it before those modules."""
import ast
import builtins
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from report_helpers import LIB

FOLDERS = {path.name for path in LIB.iterdir()}
SIZED = (list, tuple, str, bytes, bytearray, dict, set, frozenset)
# Takes no longer for a long list than for a short one.
AT_ONCE = set("append add get setdefault len isinstance type items keys values getattr hasattr range enumerate zip "
              "iter next map filter reversed cast field partial bool".split())


class Work:
    steps = 0


def _steps(*of: Any) -> None:
    Work.steps += 1 + sum(len(each) for each in of if isinstance(each, SIZED))


def _called(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
    is_ours = (getattr(function, "__module__", None) or "").partition(".")[0] in FOLDERS
    if is_ours or getattr(function, "__name__", "") in AT_ONCE:
        _steps()
    else:
        _steps(getattr(function, "__self__", None), *args, *named.values())
    return function(*args, **named)


def _searched(where: Any) -> Any:
    _steps(where if isinstance(where, (list, tuple, str, bytes)) else None)
    return where


def _made(of: Any) -> Any:
    _steps(of)
    return of


def _walked(of: Iterable[Any]) -> Iterator[Any]:
    for each in of:
        Work.steps += 1
        yield each


class _Counting(ast.NodeTransformer):
    def through(self, function: Callable[..., Any], *nodes: ast.expr, keywords: Iterable[ast.keyword] = ()) -> ast.Call:
        return ast.Call(ast.Name(f"__work{function.__name__}__", ast.Load()), list(nodes), list(keywords))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("super", "asdict"):
            return node
        return self.through(_called, node.func, *node.args, keywords=node.keywords)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        node.comparators = [self.through(_searched, of) if isinstance(op, (ast.In, ast.NotIn)) else of
                            for op, of in zip(node.ops, node.comparators)]
        return node

    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        node.iter = self.through(_walked, node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        self.generic_visit(node)
        node.iter = self.through(_walked, node.iter)
        return node

    def made(self, node: Any) -> ast.expr:
        self.generic_visit(node)
        return node if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)) else self.through(_made, node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return self.made(node) if isinstance(node.slice, ast.Slice) else self.generic_visit(node)  # type: ignore

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        return self.made(node) if isinstance(node.op, ast.Add) else self.generic_visit(node)  # type: ignore

    def visit_List(self, node: ast.List) -> ast.expr:
        return self.made(node)

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        return self.made(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:  # types are no work, and X[int, str] no slice
        if node.value:
            node.value = self.visit(node.value)
        return node


class _Loader(Loader):
    def __init__(self, path: str) -> None:
        self.path = path

    def exec_module(self, module: ModuleType) -> None:
        with open(self.path, encoding="utf-8") as file:
            tree = ast.fix_missing_locations(_Counting().visit(ast.parse(file.read())))
        exec(compile(tree, self.path, "exec"), module.__dict__)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in FOLDERS:
            return None
        spec = PathFinder.find_spec(name, path or [str(LIB)], target)
        if spec and spec.origin and spec.origin.endswith(".py"):
            spec.loader = _Loader(spec.origin)
        return spec


def count_work() -> None:
    assert not FOLDERS & {name.partition(".")[0] for name in sys.modules}, "it is too late for that"
    for function in (_called, _searched, _made, _walked):
        setattr(builtins, f"__work{function.__name__}__", function)
    sys.meta_path.insert(0, _Finder())


def steps(of: Callable[[], Any]) -> int:
    before = Work.steps
    of()
    return Work.steps - before
