# Each change by itself, so that one that is refused does not hold up the others.
$failures = @{}
foreach ($change in $data.changes) {
    $arguments = @{}
    foreach ($argument in $change.arguments.PSObject.Properties) { $arguments[$argument.Name] = $argument.Value }
    try {
        switch ($change.verb) {
            'set' { Set-MpPreference @arguments }
            'add' { Add-MpPreference @arguments }
            'remove' { Remove-MpPreference @arguments }
        }
    } catch { $failures[$change.setting] = Get-Failure $_ }
}
@{ failures = $failures; preference = Get-Part { Get-MpPreference } }
