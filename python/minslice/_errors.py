"""The exceptions of minslice. Their messages are those of the command."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Diagnostic:
    """One thing that is wrong with an input: where, and what was expected and found."""

    __slots__ = ("column", "file", "line", "message", "text")

    file: str
    line: int
    column: int
    message: str
    text: str

    def __init__(self, file: str, line: int, column: int, message: str, text: str) -> None:
        self.file = file  #: "" where no file is meant
        self.line = line  #: 1-based; 0: not known
        self.column = column  #: 1-based, in bytes; 0: not known
        self.message = message
        self.text = text  #: "file:line:column: message", as the command prints it

    def __repr__(self) -> str:
        return f"Diagnostic({self.text!r})"


class Error(Exception):
    """Whatever minslice raises."""


class _Failure(Error):
    def __init__(self, diagnostics: Iterable[tuple[str, int, int, str, str]]) -> None:
        #: every error of every input at once
        self.diagnostics = tuple(Diagnostic(*diagnostic) for diagnostic in diagnostics)
        super().__init__("\n".join(diagnostic.text for diagnostic in self.diagnostics))


class InputError(_Failure, ValueError):
    """A file, an argument or data cannot be used (the command's exit code 2)."""


class InternalError(_Failure, RuntimeError):
    """minslice or the machine failed (the command's exit code 1); never a verdict."""


class Undefined(Error, ValueError):
    """The data have no such figure: no pairs, no variation. `code` is for programs, the message says what is needed."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)
