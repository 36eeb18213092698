"""What stands in the way when Defender does not answer, in words that say what to do.

By PowerShell's names of errors and the numbers in them, which no Windows translates.

Source:
    Microsoft Learn, "WMI Error Constants", "about_Language_Modes", "Microsoft Defender Antivirus event IDs and error
    codes".
"""

from __future__ import annotations

import errno

NO_POWERSHELL = "Windows PowerShell is not on this computer, so nobody can say how Defender is"
FORBIDDEN = "Windows does not let PowerShell start (application control), so nobody can say how Defender is"
CONSTRAINED = (
    "PowerShell runs in constrained language mode (application control), so nobody can say how Defender is; "
    "allow it for the system account"
)
NONSENSE = "PowerShell's answer makes no sense"
SERVICE_OFF = "Defender's service does not run: another product protects this computer, or Defender was turned off"
WMI_BROKEN = "WMI, by which Defender is asked, does not work on this computer; see: winmgmt /verifyrepository"
NOT_ALLOWED = "Windows does not let the endpoint ask Defender"

BY_NUMBER = {
    "0x800106ba": SERVICE_OFF,
    "0x80041003": NOT_ALLOWED,
    "0x80070005": NOT_ALLOWED,
    **dict.fromkeys(
        ("0x80041001", "0x80041002", "0x80041006", "0x80041013", "0x80041014", "0x80041017", "0x80041033",
         "0x800706ba", "0x80070422", "0x80080005"),
        WMI_BROKEN,
    ),
}  # fmt: skip
ABSENT_MARKS = ("commandnotfound", "couldnotautoload", "0x80041010", "0x8004100e")
"""No such cmdlet, class or namespace: the feature is not installed."""
LANGUAGE_MODE = "LanguageMode"
"""What our frame answers when PowerShell is held back (frame.ps1)."""
POLICY_ERROR = 1260
"""ERROR_ACCESS_DISABLED_BY_POLICY."""


def is_absent(identity: str) -> bool:
    """Whether a failure says that this Windows has no Defender at all."""
    return not identity or any(mark in identity.lower() for mark in ABSENT_MARKS)


def meaning(identity: str) -> str:
    """What a failure means for whoever mends it; "" when nobody knows."""
    return next((words for number, words in BY_NUMBER.items() if number in identity.lower()), "")


def start_trouble(error: OSError) -> str:
    """Why PowerShell could not be started."""
    if error.errno == errno.ENOENT:
        return NO_POWERSHELL
    if error.errno == errno.EACCES or getattr(error, "winerror", None) == POLICY_ERROR:
        return FORBIDDEN
    return f"PowerShell does not start: {error.strerror or error}"


def answer_trouble(complained: str, why: str) -> str:
    """What an answer is that is none of ours.

    Args:
        complained: What PowerShell wrote beside it.
        why: What is wrong with it.
    """
    if "ConstrainedLanguage" in complained:
        return CONSTRAINED
    words = complained.strip().splitlines()
    return f"{NONSENSE}: {words[0] if words else why}"
