$ErrorActionPreference = 'Stop'
try {
    $data = [Console]::In.ReadToEnd() | ConvertFrom-Json
    $old = @(Get-NetFirewallRule -Group $data.group -ErrorAction SilentlyContinue)
    $off = @()
    if ($data.do -eq 'cut') {
        # New rules first, then away with the old: there is no moment in which everything is open.
        foreach ($rule in $data.rules) {
            $what = @{
                DisplayName = $data.group; Group = $data.group; Action = 'Block'; Profile = 'Any'
                Direction = $rule.direction; Protocol = $rule.protocol; RemoteAddress = $rule.addresses
            }
            if ($rule.ports.Count) { $what.RemotePort = $rule.ports }
            New-NetFirewallRule @what | Out-Null
        }
        $off = @(Get-NetFirewallProfile | Where-Object { "$($_.Enabled)" -ne 'True' } | ForEach-Object { $_.Name })
        Set-NetFirewallProfile -All -Enabled True
    } else {
        foreach ($name in $data.off) { Set-NetFirewallProfile -Name $name -Enabled False }
    }
    $old | Remove-NetFirewallRule
    @{ ok = $true; off = $off } | ConvertTo-Json -Compress
} catch {
    @{ ok = $false; error = $_.Exception.Message } | ConvertTo-Json -Compress
}
