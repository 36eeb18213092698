"""THE table: declared once per list, it searches, filters, sorts, pages, selects and exports."""

from seatkeep_webkit.tables.columns import Column
from seatkeep_webkit.tables.filters import BoolFilter, ChoiceFilter, Filter, QueryFilter
from seatkeep_webkit.tables.table import BulkAction, Empty, Table

__all__ = ["BoolFilter", "BulkAction", "ChoiceFilter", "Column", "Empty", "Filter", "QueryFilter", "Table"]
