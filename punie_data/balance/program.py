"""A linear or integer program, and the library that solves it (HiGHS): one thread and a fixed seed, so that the same program has the same answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import highspy

INFINITY = float("inf")


class Unsolved(Exception):
    """The solver gave up within the nodes it was allowed, without a solution and without a proof that there is none."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Values and what they cost, in the order of the columns and rows. `bound` is what no solution surpasses; duals are the relaxation's only."""

    values: Sequence[float]
    column_duals: Sequence[float]
    row_duals: Sequence[float]
    bound: float


class Program:
    """To be filled with columns first, then with rows."""

    def __init__(self) -> None:
        self.costs: list[float] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self._row_lower: list[float] = []
        self._row_upper: list[float] = []
        self._starts = [0]
        self._indexes: list[int] = []
        self._values: list[float] = []

    def column(self, lower: float, upper: float, cost: float = 0.0) -> int:
        """Its place."""
        self.costs.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.costs) - 1

    def row(
        self, lower: float, upper: float, ones: Sequence[int], others: Sequence[tuple[int, float]] = ()
    ) -> None:
        """`lower` ≤ the sum of the columns `ones` and of the `others` with their factors ≤ `upper`."""
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        self._indexes += ones
        self._values += [1.0] * len(ones)
        for place, factor in others:
            self._indexes.append(place)
            self._values.append(factor)
        self._starts.append(len(self._indexes))

    def relaxed(self, maximise: bool) -> Solution | None:
        """The optimum over fractions, at a corner; None where there is no solution."""
        # Without presolve the answer is a corner of this very program, and mostly whole.
        return self._solve(maximise, (), {"presolve": "off", "solver": "simplex"})

    def whole(
        self,
        maximise: bool,
        columns: Sequence[int],
        nodes: int | None = None,
        relative_gap: float = 0.0,
        absolute_gap: float = 0.5,
    ) -> Solution | None:
        """The optimum, up to the gaps, where `columns` are whole numbers; None where there is no solution. Raises Unsolved."""
        options: dict[str, Any] = {"mip_rel_gap": relative_gap, "mip_abs_gap": absolute_gap}
        if nodes is not None:
            options["mip_max_nodes"] = nodes
        return self._solve(maximise, columns, options)

    def _solve(self, maximise: bool, whole: Sequence[int], options: dict[str, Any]) -> Solution | None:
        import highspy

        solver = highspy.Highs()
        for name, value in {"output_flag": False, "threads": 1, "random_seed": 0, **options}.items():
            solver.setOptionValue(name, value)
        solver.passModel(self._model(maximise, whole))
        solver.run()
        status, known = solver.getModelStatus(), highspy.HighsModelStatus
        if status in (known.kInfeasible, known.kUnboundedOrInfeasible):
            return None
        solution, information = solver.getSolution(), solver.getInfo()
        if information.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            raise Unsolved(str(status))
        bound = information.mip_dual_bound if whole else information.objective_function_value
        return Solution(solution.col_value, solution.col_dual, solution.row_dual, bound)

    def _model(self, maximise: bool, whole: Sequence[int]) -> "highspy.HighsLp":
        import highspy
        import numpy

        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.costs), len(self._row_lower)
        model.sense_ = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        model.col_cost_ = numpy.array(self.costs)
        model.col_lower_, model.col_upper_ = numpy.array(self.lower), numpy.array(self.upper)
        model.row_lower_, model.row_upper_ = numpy.array(self._row_lower), numpy.array(self._row_upper)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = numpy.array(self._starts)
        model.a_matrix_.index_ = numpy.array(self._indexes)
        model.a_matrix_.value_ = numpy.array(self._values)
        if whole:
            kinds = [highspy.HighsVarType.kContinuous] * len(self.costs)
            for place in whole:
                kinds[place] = highspy.HighsVarType.kInteger
            model.integrality_ = kinds
        return model
