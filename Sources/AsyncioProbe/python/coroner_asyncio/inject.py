"""Adds calls to a function by compiling it anew from its own source.

The new code has the same file, lines, names and flags; only `__code__` of the function is replaced, so
its identity, signature and everything that refers to it stay. What it calls of the recorder are constants
of the code, not globals. A function is left alone unless the source found is proved to be its source: compiled
without additions, it must give the same bytecode.
"""
import ast
import itertools
import types

from .compiled import PLACE

_FUTURE_FLAGS = 0x1FF0000
# CO_METHOD, from 3.14 on: also what is compiled inside the class that stands around every function here.
_METHOD = 0x8000000
# The file that was read last, and its lines: the functions of a table come file by file.
_source = (None, None)


class Refused(Exception):
    """Why a function was left as it is."""


def changed(function, additions):
    """The code of a function with additions; raises Refused if that is not safe.

    `additions`: (where, statement) pairs. In a statement `R.name` is the recorder's; `compiled.placed` puts
    that in its place. Where: "entry", "exit" (on every way out), "end" (where the body ends), "return"
    (before each return), "before:S" / "after:S" / "around:S" (the statement whose text is S, or whose text
    begins with it if S ends with "..."; only the second of several if "#2" follows; around takes the pair
    "STATEMENT | STATEMENT").
    """
    code = function.__code__
    _of_class(function)
    owner, tree = _parse(code)
    definition = _definition(tree)
    imported = _imported(_lines(code.co_filename))
    modules = [name for name in code.co_names if name in imported]
    plain = _compile(tree, owner, modules, code)
    if (
        plain.co_firstlineno != code.co_firstlineno
        or plain.co_code != code.co_code
        or plain.co_names != code.co_names
        or (plain.co_flags ^ code.co_flags) & ~_METHOD
    ):
        raise Refused("the source is not that of the code")
    for where, statement in additions:
        _add(definition, where, statement)
    changed = _compile(tree, owner, modules, code)
    parameters = code.co_argcount + code.co_kwonlyargcount
    if (
        changed.co_freevars != code.co_freevars
        or changed.co_flags != plain.co_flags
        or changed.co_firstlineno != code.co_firstlineno
        or changed.co_varnames[:parameters] != code.co_varnames[:parameters]
    ):
        raise Refused("the additions change what the function is")
    replaced = {"co_flags": code.co_flags}
    if hasattr(code, "co_qualname"):
        replaced["co_qualname"] = code.co_qualname
    return changed.replace(**replaced)


def _lines(path):
    global _source
    if path != _source[0]:
        try:
            with open(path, encoding="utf-8") as file:
                _source = (path, file.readlines())
        except (OSError, UnicodeError):
            raise Refused("no source") from None
    return _source[1]


def _imported(lines):
    """The names that a module's import statements bind, outside of functions and classes."""
    names = set()
    within = False
    outer = ""
    for line in lines:
        text = line.split("#")[0]
        if not text[:1].isspace():
            outer = text
        elif outer.startswith(("try:", "except", "else:", "if ")):
            text = text.lstrip()
        if text.startswith(("import ", "from ")):
            within = "(" in text
            text = text.partition("import ")[2]
        elif not within:
            continue
        within = within and ")" not in text
        for item in text.split(","):
            words = item.strip(" ()\n").split()
            if words:
                names.add(words[-1].partition(".")[0])
    return names


def _parse(code):
    """The function's own tree, inside a class of its class's name for `super()` and `__names`."""
    lines = _lines(code.co_filename)
    first = code.co_firstlineno - 1
    if first >= len(lines):
        raise Refused("the source is shorter than the code says")
    indent = len(lines[first]) - len(lines[first].lstrip())
    last = first + 1
    started = not lines[first].lstrip().startswith("@")
    while last < len(lines):
        text = lines[last].strip()
        depth = len(lines[last]) - len(lines[last].lstrip())
        if text and depth <= indent and started and not text.startswith(")"):
            break
        started = started or text.startswith(("def ", "async def "))
        last += 1
    # Columns stay those of the file: a method is parsed indented, inside a class.
    text = "".join(lines[first:last])
    if indent:
        text = "class _:\n" + text
    try:
        tree = ast.parse(text)
    except SyntaxError:
        raise Refused("the source does not parse") from None
    ast.increment_lineno(tree, first - 1 if indent else first)
    if indent:
        tree = tree.body[0]
    if len(tree.body) != 1:
        raise Refused("the source holds more than the function")
    return _owner(code), tree


def _owner(code):
    """The class that encloses a method; a name that mangles nothing if there is none."""
    names = getattr(code, "co_qualname", "").split(".")
    if len(names) > 1 and names[-2] != "<locals>":
        return names[-2]
    return _owners.get(code, "_")


# Up to 3.10 code does not know its qualified name.
_owners = {}


def _of_class(function):
    """Notes the class of a method, from its qualified name, before it is compiled anew."""
    names = function.__qualname__.split(".")
    if len(names) > 1 and names[-2] != "<locals>":
        _owners[function.__code__] = names[-2]


def _definition(tree):
    definition = tree.body[0]
    if not isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise Refused("the source is not a function")
    return definition


def _compile(tree, owner, modules, code):
    """From 3.11 on a call through an imported name compiles to other bytecode: so import them."""
    shell = ast.ClassDef(
        name=owner, bases=[], keywords=[], decorator_list=[], type_params=[], body=tree.body,
        lineno=code.co_firstlineno, col_offset=0, end_lineno=code.co_firstlineno, end_col_offset=0)
    module = ast.fix_missing_locations(ast.Module(
        body=[ast.Import(names=[ast.alias(name=name)], lineno=1, col_offset=0) for name in modules]
        + [shell], type_ignores=[]))
    compiled = compile(
        module, code.co_filename, "exec", code.co_flags & _FUTURE_FLAGS, dont_inherit=True)
    for outer in compiled.co_consts:
        if isinstance(outer, types.CodeType):
            for inner in outer.co_consts:
                if isinstance(inner, types.CodeType) and inner.co_name == code.co_name:
                    return inner
    raise Refused("the function is not in its source")


class _Recorder(ast.NodeTransformer):
    """Replaces R.name by a constant that becomes the recorder's function, all at one line.

    It is wrapped in a condition, of which nothing is left in the bytecode: the compiler warns where a
    constant is called.
    """

    def __init__(self, line):
        self.line = line

    def visit(self, node):
        node = super().visit(node)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "R":
            node = ast.IfExp(
                test=ast.Constant(True), body=ast.Constant(PLACE + node.attr), orelse=ast.Constant(None))
        if hasattr(node, "lineno") or isinstance(node, (ast.expr, ast.stmt)):
            node.lineno = node.end_lineno = self.line
            node.col_offset = node.end_col_offset = 0
        return node


def _statement(text, line):
    return _Recorder(line).visit(ast.parse(text).body[0])


def _add(definition, where, text):
    body = definition.body
    if where == "entry":
        first = body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        at = 1 if documented and len(body) > 1 else 0
        body.insert(at, _statement(text, body[at].lineno))
    elif where == "end":
        if isinstance(body[-1], (ast.Return, ast.Raise)):
            raise Refused("the body does not end where it should")
        body.append(_statement(text, body[-1].end_lineno))
    elif where == "exit":
        first = body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        at = 1 if documented and len(body) > 1 else 0
        body[at:] = [_finally(body[at:], text)]
    elif where == "return":
        if not _rewrite(body, lambda s: isinstance(s, ast.Return),
                        lambda s: [_statement(text, s.lineno), s]):
            raise Refused("no return")
    else:
        how, _, pattern = where.partition(":")
        if not _rewrite(body, _matcher(pattern), _actions[how](text)):
            raise Refused("no " + pattern)


def _finally(body, text):
    line = body[-1].end_lineno
    return ast.copy_location(
        ast.Try(body=body, handlers=[], orelse=[], finalbody=[_statement(text, line)]), body[0])


def _around(text):
    before, _, after = text.partition(" | ")
    return lambda s: [_statement(before, s.lineno), _finally([s], after)]


_actions = {
    "before": lambda text: lambda s: [_statement(text, s.lineno), s],
    "after": lambda text: lambda s: [s, _statement(text, s.end_lineno)],
    "around": _around,
}


def _matcher(pattern):
    pattern, _, number = pattern.partition(" #")
    if number:
        count = itertools.count(1)
        return lambda s: _text(s) == pattern and next(count) == int(number)
    if pattern.endswith("..."):
        return lambda s: _text(s).startswith(pattern[:-3])
    return lambda s: _text(s) == pattern


def _text(statement):
    if hasattr(statement, "body"):
        return ""
    text = ast.unparse(statement)
    # Up to 3.10 the targets of an assignment are in parentheses.
    return text[1:].replace(") = ", " = ", 1) if text.startswith("(") and ") = " in text else text


def _rewrite(body, matches, replace):
    """Replaces the statements of a body, and of the blocks in it, that match; how many."""
    count = 0
    index = 0
    while index < len(body):
        statement = body[index]
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            index += 1
            continue
        if matches(statement):
            new = replace(statement)
            body[index : index + 1] = new
            index += len(new)
            count += 1
            continue
        # In the order of the text.
        blocks = [getattr(statement, "body", [])]
        blocks += [handler.body for handler in getattr(statement, "handlers", [])]
        blocks += [getattr(statement, field, []) for field in ("orelse", "finalbody")]
        for block in blocks:
            count += _rewrite(block, matches, replace)
        index += 1
    return count
