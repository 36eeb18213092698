# Around every script: data comes as JSON in ASCII on standard input, the answer goes out as JSON in UTF-8, byte by byte,
# because the code pages of a console that is not there cannot be trusted. Errors are told by number, not by their words,
# which Windows translates.
# A PowerShell that is held back may not write bytes: it says just that.
$mode = [string]$ExecutionContext.SessionState.LanguageMode
if ($mode -ne 'FullLanguage') {
    ConvertTo-Json -InputObject @{ ok = $false; failure = @{ id = 'LanguageMode'; message = $mode } } -Compress
    exit
}
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'

function Get-Plain($found) {
    , @($found | Where-Object { $null -ne $_ } | Select-Object -Property * -ExcludeProperty 'Cim*', 'PSComputerName')
}

function Get-Failure($record) {
    @{ id = [string]$record.FullyQualifiedErrorId; message = [string]$record.Exception.Message }
}

function Get-Part($ask) {
    try { @{ ok = $true; found = (Get-Plain (& $ask)) } } catch { @{ ok = $false; failure = (Get-Failure $_) } }
}

try {
    $data = [Console]::In.ReadToEnd() | ConvertFrom-Json
    $answer = @{ ok = $true; result = (& { BODY }) }
} catch {
    $answer = @{ ok = $false; failure = (Get-Failure $_) }
}
$bytes = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $answer -Depth 6 -Compress))
$out = [Console]::OpenStandardOutput()
$out.Write($bytes, 0, $bytes.Length)
$out.Flush()
