"""The sentences for what can be wrong with a file, its columns and its rows; the plain parts know codes only."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

FILES = {
    "too_large": _("The file is larger than %(detail)s bytes. Split it, save it as XLSX, or pack the CSV with gzip."),
    "too_many_rows": _("More than %(detail)s rows. Split the file."),
    "too_many_columns": _("More than %(detail)s columns."),
    "unpacks_too_large": _("What is packed in this file is too large."),
    "encoding": _("Line %(detail)s is not UTF-8. Save the file as “CSV UTF-8”."),
    "broken": _("This is no CSV or XLSX file, or it is damaged. %(detail)s"),
    "old_excel": _("This is an old or an encrypted Excel file. Save it as XLSX without a password."),
    "no_heading": _("The first row must name the columns."),
    "heading_twice": _("Two columns are called “%(detail)s”."),
    "empty": _("There is nothing below the heading."),
}
MAPPING = {
    "unknown_field": _("There is no such field."),
    "unknown_column": _("The file has no such column."),
    "column_twice": _("One column cannot hold two things."),
    "needed": _("Say which column holds your number: it tells which company a row is about."),
}
FAULTS = {
    "needed": _("A value is needed."),
    "too_long": _("This is too long."),
    "unprintable": _("It holds characters that cannot be shown."),
    "formula": _("This is a formula. Only plain values are taken."),
    "error_value": _("The spreadsheet shows an error here."),
    "more_cells": _("The row has more cells than the heading."),
    "unknown_choice": _("Not known. Possible: %(detail)s."),
    "not_an_email": _("This is no e-mail address."),
    "not_a_country": _("Two letters are needed, such as DE."),
    "unknown_time_zone": _("This time zone is not known; it looks like Europe/Berlin."),
    "not_a_number": _("A whole number without signs is needed."),
    "number": "%(detail)s",
    "duplicate": _("Row %(detail)s is about the same company and product."),
    "contradicts": _("Row %(detail)s says something else about the same company."),
    "company_bad": _("Row %(detail)s, which is about the same company, is not in order."),
    "ambiguous": _("%(detail)s companies have this number here."),
    "may_not": _("You may not change this company."),
    "kind_stays": _("It is %(detail)s; an import does not change that."),
    "parent_stays": _("It stands below %(detail)s; an import does not move companies."),
    "kind_not_there": _("A company of this kind cannot stand below %(detail)s."),
    "unknown_parent": _("No company has this number, in the file or below where you import."),
    "parent_bad": _("The company above it, row %(detail)s, is not in order."),
    "parent_closed": _("The company above it is suspended."),
    "too_deep": _("The tree would be deeper than %(detail)s levels."),
    "cycle": _("The companies stand below each other in a circle."),
    "name_twice": _("Row %(detail)s has the same name below the same company."),
    "name_taken": _("A company of this name, number “%(detail)s”, is there already."),
    "company_closed": _("The company is suspended."),
    "unknown_license": _("There is no such license that this company could share, or you may not change it."),
    "choose_license": _("Several licenses are shared with this company: name one."),
    "no_license": _("No license is shared with this company."),
    "not_shared": _("Only an MSP license is shared with customers."),
    "used_seat": _("Computers of this company took seats."),
    "used_person": _("Somebody works for this company."),
    "used_child": _("Other companies stand below this one."),
    "used_license": _("This company owns a license or a console."),
    "changed_since": _("This was changed after the import."),
}


def file_words(code: str, detail: str = "") -> str:
    """The sentence for a file that cannot be read."""
    return str(FILES.get(code, FILES["broken"])) % {"detail": detail}


def mapping_words(code: str) -> str:
    """The sentence for a column that is not in order."""
    return str(MAPPING[code])


def fault_words(code: str, detail: str = "") -> str:
    """The sentence for a cell; a refusal of another part of the program brings its own, as detail."""
    return str(FAULTS.get(code, "%(detail)s")) % {"detail": detail}
