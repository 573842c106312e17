"""Metric-math expressions of alarms, as far as one datum needs: arithmetic, comparisons, and functions over several metrics.

Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from trailwarden.facts import AlarmInput

Number = float | None
"""None stands for a metric without a data point."""

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_OVER: Mapping[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "MAX": max,
    "MIN": min,
    "AVG": lambda values: sum(values) / len(values),
}


class ExpressionError(ValueError):
    """An expression in a form that is not understood."""


def value_of(identity: str, inputs: Mapping[str, AlarmInput], data: Mapping[str, Number]) -> Number:
    """Return what one line of an alarm's inputs amounts to.

    Args:
        identity: of the line.
        inputs: all lines by id.
        data: the data point of each metric, by id.

    Raises:
        ExpressionError: the expression can't be evaluated.
    """
    return _Evaluation(inputs, data).line(identity)


class _Evaluation:
    def __init__(self, inputs: Mapping[str, AlarmInput], data: Mapping[str, Number]) -> None:
        self._inputs = inputs
        self._data = data
        self._open: list[str] = []

    def line(self, identity: str) -> Number:
        if identity in self._data:
            return self._data[identity]
        if identity not in self._inputs or identity in self._open:
            raise ExpressionError(f"{identity} is not defined")
        try:
            tree = ast.parse(self._inputs[identity].expression.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ExpressionError("its syntax is not understood") from None
        self._open.append(identity)
        value = self._number(tree.body)
        self._open.pop()
        return value

    def _number(self, node: ast.expr) -> Number:
        match node:
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Name(id=name):
                return self.line(name)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self._apply(operator.mul, ast.Constant(-1), inner)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
                return self._apply(_ARITHMETIC[type(sign)], left, right)
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARISONS:
                return self._apply(_COMPARISONS[type(sign)], left, right)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        raise ExpressionError(f"{ast.unparse(node)} is not understood")

    def _apply(self, function: Callable[[float, float], float], left: ast.expr, right: ast.expr) -> Number:
        first, second = self._number(left), self._number(right)
        if first is None or second is None:
            return None
        try:
            return float(function(first, second))
        except ZeroDivisionError:
            return None

    def _call(self, name: str, arguments: list[ast.expr]) -> Number:
        if name in _OVER and len(arguments) == 1:
            values = [value for value in self._list(arguments[0]) if value is not None]
            return _OVER[name](values) if values else None
        if name == "FILL" and len(arguments) == 2:
            value = self._number(arguments[0])
            return self._number(arguments[1]) if value is None else value
        if name == "IF" and len(arguments) == 3:
            condition = self._number(arguments[0])
            return None if condition is None else self._number(arguments[1] if condition else arguments[2])
        raise ExpressionError(f"{name} is not understood")

    def _list(self, node: ast.expr) -> list[Number]:
        match node:
            case ast.List(elts=items):
                return [self._number(item) for item in items]
            case ast.Call(func=ast.Name(id="METRICS"), args=arguments, keywords=[]):
                part = [item.value for item in arguments if isinstance(item, ast.Constant)]
                if len(part) != len(arguments) or len(part) > 1:
                    raise ExpressionError(f"{ast.unparse(node)} is not understood")
                wanted = str(part[0]) if part else ""
                return [self._data[name] for name in sorted(self._data) if wanted in name]
        return [self._number(node)]
