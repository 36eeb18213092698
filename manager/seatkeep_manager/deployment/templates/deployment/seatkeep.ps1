# Seatkeep on a Windows computer: installs, repairs and removes it, or says how it stands.
# For Windows PowerShell 5.1 or newer, as an administrator or as the system. It holds no key.
#
#   seatkeep.ps1 [-Action install|repair|remove|detect|state] [-Key KEY] [-Edition endpoint|agent] [-Group NAME]
#                [-Proxy http://proxy:3128] [-UninstallCode CODE] [-WaitSeconds 90]
#
# The group is the way from the customer's group down, such as Office/Reception; -Proxy none forgets the one that is kept.
# What is not given is taken from SEATKEEP_ACTION, SEATKEEP_KEY, SEATKEEP_EDITION, SEATKEEP_GROUP, SEATKEEP_PROXY and
# SEATKEEP_UNINSTALL_CODE; a person is asked for the key. A second run over an installation changes nothing that is right.
#
# Exit codes
#   install, repair   0 connected and not unprotected · 10 installed, not connected or protected yet · 11 installed, no license seat
#                     2 called wrongly or not supported · 3 download or check failed · 4 console not reached or its certificate wrong
#                     6 this computer failed · 7 another installation runs, try again later
#   remove            0 removed, or was not there · 6 failed or refused · 7 another installation runs
#   detect            0 installed in version @@VERSION@@ or newer, and prints it · 1 not
#   state             0 connected and not unprotected · 1 not · 8 not installed; prints one line for a custom field
[CmdletBinding()]
param(
    [string] $Action = $env:SEATKEEP_ACTION,
    [string] $Key = $env:SEATKEEP_KEY,
    [string] $Edition = $env:SEATKEEP_EDITION,
    [string] $Group = $env:SEATKEEP_GROUP,
    [string] $Proxy = $env:SEATKEEP_PROXY,
    [string] $UninstallCode = $env:SEATKEEP_UNINSTALL_CODE,
    [int] $WaitSeconds = 90
)

$SeatkeepMade = @{
    Action  = '@@ACTION@@'
    Console = '@@CONSOLE@@'
    Edition = '@@EDITION@@'
    Group   = '@@GROUP@@'
    Proxy   = '@@PROXY@@'
    Version = '@@VERSION@@'
    Package = @{
        endpoint = @{ Name = '@@ENDPOINT_NAME@@'; Sha256 = '@@ENDPOINT_SHA256@@' }
        agent    = @{ Name = '@@AGENT_NAME@@'; Sha256 = '@@AGENT_SHA256@@' }
    }
    # The console's own certificate authority; empty when a public one has signed its certificate.
    Authority = '@@CA_PEM@@'
}

# .NET asks this from a thread without PowerShell, so it cannot be a script block.
$SeatkeepTrustSource = @'
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

public sealed class SeatkeepTrust
{
    private readonly X509Certificate2Collection authorities;

    public SeatkeepTrust(X509Certificate2Collection authorities) { this.authorities = authorities; }

    public RemoteCertificateValidationCallback Callback
    {
        get { return new RemoteCertificateValidationCallback(this.IsTrusted); }
    }

    // The name has to fit, and the chain has to end at one of the given authorities.
    private bool IsTrusted(object sender, X509Certificate certificate, X509Chain sent, SslPolicyErrors errors)
    {
        if (certificate == null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) { return false; }
        X509Chain chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        chain.ChainPolicy.ExtraStore.AddRange(this.authorities);
        foreach (X509ChainElement element in sent.ChainElements) { chain.ChainPolicy.ExtraStore.Add(element.Certificate); }
        if (!chain.Build(new X509Certificate2(certificate))) { return false; }
        X509Certificate2 root = chain.ChainElements[chain.ChainElements.Count - 1].Certificate;
        return this.authorities.Find(X509FindType.FindByThumbprint, root.Thumbprint, false).Count > 0;
    }
}
'@

function Write-Line([string] $Text) { Write-Host "seatkeep: $Text" }

# Ends the action with an exit code and one true sentence.
function Stop-Action([int] $Code, [string] $Text) {
    $end = New-Object System.Exception $Text
    $end.Data['SeatkeepCode'] = $Code
    throw $end
}

# What a person gave, else what the console wrote into this script.
function Select-Setting([string] $Given, [string] $Name) {
    if ($Given) { return $Given.Trim() }
    return [string] $SeatkeepMade[$Name]
}

function Test-Input {
    if ('install', 'repair', 'remove', 'detect', 'state' -notcontains $Action) { Stop-Action 2 "There is no action '$Action'." }
    if ('endpoint', 'agent' -notcontains $Edition) { Stop-Action 2 "The edition must be endpoint or agent." }
    foreach ($value in $Group, $Proxy, $UninstallCode) {
        if ($value -match '[\x00-\x1f\x7f]' -or $value.Length -gt 1000) { Stop-Action 2 'Group, proxy or uninstall code has control characters or is too long.' }
    }
    if ($UninstallCode.Contains('"')) { Stop-Action 2 'The uninstall code must not hold a quotation mark.' }
    if ($Proxy -and $Proxy -ne 'none' -and $Proxy -notmatch '^https?://[^/@\s]+$') { Stop-Action 2 'The proxy must be an address like http://proxy.example.com:3128, without a password.' }
}

function Test-Computer {
    if (-not [Environment]::Is64BitOperatingSystem -or [Environment]::OSVersion.Version.Major -lt 10) {
        Stop-Action 2 'Windows 10 or Windows Server 2016 or newer, 64-bit, is needed; nothing was changed.'
    }
    $me = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        Stop-Action 2 'Run this in a PowerShell that was started as administrator; nothing was changed.'
    }
}

# A key of the registry as 64-bit programs see it, whichever PowerShell runs this; $null when it is not there.
function Get-MachineKey([string] $Path) {
    return [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey($Path)
}

# Version, edition and folder of what is installed; $null when nothing is.
function Get-Installed {
    $found = Get-MachineKey 'SOFTWARE\Seatkeep'
    if ($null -eq $found -or -not $found.GetValue('Version')) { return $null }
    return @{ Version = [string] $found.GetValue('Version'); Edition = [string] $found.GetValue('Edition'); Folder = [string] $found.GetValue('InstallFolder') }
}

# The product code under which Windows Installer knows it; $null when it does not.
function Get-ProductCode {
    $products = Get-MachineKey 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
    foreach ($name in $products.GetSubKeyNames()) {
        $product = $products.OpenSubKey($name)
        if ($name -match '^\{[0-9A-Fa-f-]{36}\}$' -and 'Seatkeep Agent', 'Seatkeep Agent and Endpoint' -contains $product.GetValue('DisplayName')) { return $name }
    }
    return $null
}

# What `seatkeep-agent status` prints, and whether the computer is connected and not unprotected; $null when it is not there.
function Get-AgentStatus {
    $installed = Get-Installed
    if ($null -eq $installed) { return $null }
    $program = Join-Path $installed.Folder 'seatkeep-agent.cmd'
    if (-not (Test-Path -LiteralPath $program)) { return @{ IsWell = $false; Text = 'files are missing'; Version = $installed.Version } }
    $ErrorActionPreference = 'Continue'
    $lines = @(& $program status 2>&1 | ForEach-Object { ([string] $_) -replace '^seatkeep: ', '' })
    return @{ IsWell = ($LASTEXITCODE -eq 0); Text = ($lines -join '; '); Version = $installed.Version }
}

function Get-Key {
    $given = $Key
    if (-not $given -and [Environment]::UserInteractive) {
        $typed = Read-Host -AsSecureString 'Key of the installer (the console shows it)'
        $given = (New-Object Net.NetworkCredential '', $typed).Password
    }
    if ($given -notmatch '^[A-Za-z0-9_.-]{8,200}$') { Stop-Action 2 'The key is missing or not complete: give -Key or SEATKEEP_KEY, as the console shows it.' }
    return $given
}

function Get-Trust {
    $authorities = New-Object Security.Cryptography.X509Certificates.X509Certificate2Collection
    foreach ($found in [regex]::Matches($SeatkeepMade.Authority, '(?s)-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----')) {
        $bytes = [Convert]::FromBase64String($found.Groups[1].Value)
        [void] $authorities.Add((New-Object Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList @(, $bytes)))
    }
    if ($authorities.Count -eq 0) { return $null }
    if (-not ('SeatkeepTrust' -as [type])) { Add-Type -TypeDefinition $SeatkeepTrustSource }
    return New-Object SeatkeepTrust $authorities
}

function New-Request([string] $Path) {
    $request = [Net.HttpWebRequest] [Net.WebRequest]::Create($SeatkeepMade.Console + $Path)
    $request.Timeout = 30000
    $request.ReadWriteTimeout = 60000
    if ($Proxy -and $Proxy -ne 'none') { $request.Proxy = New-Object Net.WebProxy $Proxy }
    $trust = Get-Trust
    if ($null -ne $trust) { $request.ServerCertificateValidationCallback = $trust.Callback }
    return $request
}

function Receive-Package([string] $Path, [string] $File) {
    try {
        $response = (New-Request $Path).GetResponse()
        $target = [IO.File]::Create($File)
        try { $response.GetResponseStream().CopyTo($target) } finally { $target.Dispose(); $response.Close() }
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        if ($cause -is [Net.WebException] -and 'ProtocolError' -ne $cause.Status) {
            Stop-Action 4 "The console at $($SeatkeepMade.Console) cannot be reached or its certificate is not trusted ($($cause.Message)); nothing was installed."
        }
        Stop-Action 3 "The download from $($SeatkeepMade.Console) failed ($($cause.Message)); nothing was installed."
    }
}

# The digest has to be the console's, and no signature may be broken. A signature by an authority that this computer does not know is told.
function Test-Package([string] $File, [string] $Sha256) {
    $digest = (Get-FileHash -LiteralPath $File -Algorithm SHA256).Hash
    if ($digest -ne $Sha256) { Stop-Action 3 'The downloaded package is not the one the console offers (checksum differs); nothing was installed.' }
    $signature = Get-AuthenticodeSignature -LiteralPath $File
    if ('HashMismatch', 'NotSigned' -contains $signature.Status) { Stop-Action 3 "The signature of the package is broken or missing ($($signature.Status)); nothing was installed." }
    if ('Valid' -ne $signature.Status) { Write-Line "The package is signed by an authority that this computer does not know ($($signature.Status)); its checksum is right." }
}

# Tells the console how far it got; never stops the installation.
function Send-Progress([string] $Secret, [string] $Step, [bool] $IsRight, [string] $Detail) {
    try {
        $request = New-Request '/agent/v1/progress'
        $request.Method = 'POST'
        $request.ContentType = 'application/json'
        $request.Timeout = 10000
        $body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json @{ key = $Secret; install_id = $InstallId; step = $Step; ok = $IsRight; detail = $Detail }))
        $stream = $request.GetRequestStream()
        $stream.Write($body, 0, $body.Length)
        $stream.Close()
        $request.GetResponse().Close()
    }
    catch { Write-Verbose "progress was not told: $_" }
}

# A folder that only the system and administrators may enter: the key lies in it while Windows Installer works.
function New-WorkFolder {
    $folder = Join-Path $env:windir ('Temp\seatkeep-' + [guid]::NewGuid().ToString('N'))
    [void] (New-Item -ItemType Directory -Path $folder)
    $listed = & "$env:windir\System32\icacls.exe" $folder /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F'
    if ($LASTEXITCODE -ne 0) { Stop-Action 6 "The folder $folder cannot be closed to others: $listed" }
    return $folder
}

# Settings go into a file beside the package, so that no command line shows the key.
function Write-Settings([string] $Folder, [string] $Secret) {
    $lines = @('[Seatkeep]', "Server = $($SeatkeepMade.Console)", "Key = $Secret")
    if ($Group) { $lines += "Group = $Group" }
    if ($Proxy) { $lines += "Proxy = $Proxy" }
    if ($UninstallCode) { $lines += "UninstallCode = $UninstallCode" }
    if ($SeatkeepMade.Authority) {
        [IO.File]::WriteAllText((Join-Path $Folder 'ca.pem'), $SeatkeepMade.Authority)
        $lines += 'CaFile = ca.pem'
    }
    [IO.File]::WriteAllLines((Join-Path $Folder 'seatkeep.ini'), $lines)
}

# Runs Windows Installer to its end; returns its code.
function Invoke-Installer([string[]] $Arguments) {
    $log = Join-Path $env:windir 'Temp\seatkeep-install.log'
    $done = Start-Process -FilePath "$env:windir\System32\msiexec.exe" -ArgumentList ($Arguments + '/qn', '/norestart', '/l*v', "`"$log`"") -Wait -PassThru
    return $done.ExitCode
}

function Assert-Installer([int] $Code, [string] $Doing) {
    if (0, 3010 -contains $Code) { return }
    if ($Code -eq 1618) { Stop-Action 7 'Another installation runs on this computer; try again later.' }
    Stop-Action 6 "Windows Installer ended with $Code while $Doing; $env:windir\Temp\seatkeep-install.log and the event log (source Seatkeep) say why."
}

# Puts the wanted package on, over whatever is there; what is installed in the same version is written again.
function Install-Package([string] $File) {
    $installed = Get-Installed
    $isSame = $null -ne $installed -and $installed.Version -eq $SeatkeepMade.Version -and $installed.Edition -eq $Edition
    $code = 1605
    if ($isSame) { $code = Invoke-Installer '/i', "`"$File`"", 'REINSTALL=ALL', 'REINSTALLMODE=vamus' }
    # Another build of the same version is another product, which is installed and not repaired.
    if (1605, 1638 -contains $code) { $code = Invoke-Installer '/i', "`"$File`"" }
    Assert-Installer $code 'installing'
}

function Wait-Connected {
    $end = (Get-Date).AddSeconds($WaitSeconds)
    do {
        $status = Get-AgentStatus
        if ($null -ne $status -and $status.IsWell) { Write-Line $status.Text; return }
        Start-Sleep -Seconds 3
    } while ((Get-Date) -lt $end)
    if ($null -ne $status -and $status.Text -match 'no_seat_left') { Stop-Action 11 'Installed and visible in the console, but there is no license seat for it: it is not licensed.' }
    Stop-Action 10 "Installed, but not connected or protected yet; it goes on by itself. The console shows it, perhaps under Waiting for approval. $($status.Text)"
}

function Install-Seatkeep {
    $package = $SeatkeepMade.Package[$Edition]
    if (-not $package.Name) { Stop-Action 3 'This console has no Windows packages yet; its operator runs: make packages.' }
    $secret = Get-Key
    $folder = New-WorkFolder
    try {
        $file = Join-Path $folder $package.Name
        Write-Line "Downloading $($package.Name) from $($SeatkeepMade.Console)"
        Receive-Package "/install/$($package.Name)" $file
        Test-Package $file $package.Sha256
        Send-Progress $secret 'downloaded' $true ''
        Write-Settings $folder $secret
        Write-Line "Installing"
        try { Install-Package $file } catch { Send-Progress $secret 'installed' $false 'Windows Installer failed'; throw }
        Send-Progress $secret 'installed' $true ''
    }
    finally { Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue }
    Wait-Connected
}

# Leaves alone what is there in this version or a newer one, and well. An endpoint is never replaced by the agent alone here:
# that takes protection away, so it needs a repair or a removal.
function Install-WhenNeeded {
    $installed = Get-Installed
    if ($null -ne $installed -and (Test-Version $installed.Version) -and ($installed.Edition -eq $Edition -or $Edition -eq 'agent')) {
        $status = Get-AgentStatus
        if ($status.IsWell) { Write-Line "Version $($installed.Version) is installed already; $($status.Text)"; return }
    }
    Install-Seatkeep
}

function Test-Version([string] $Installed) {
    if (-not $SeatkeepMade.Version) { return $true }
    try { return ([version] $Installed -ge [version] $SeatkeepMade.Version) } catch { return $false }
}

function Remove-Seatkeep {
    $product = Get-ProductCode
    if ($null -eq $product) { Write-Line 'Seatkeep is not installed.'; return }
    $arguments = @('/x', $product)
    if ($UninstallCode) { $arguments += "UNINSTALLCODE=`"$UninstallCode`"" }
    Assert-Installer (Invoke-Installer $arguments) 'removing'
    Write-Line 'Removed; the seat was given back if licensing answered.'
}

# Windows (Intune) takes an exit code of 0 together with printed text for "installed".
function Show-Detection {
    $installed = Get-Installed
    if ($null -eq $installed -or -not (Test-Version $installed.Version)) { return 1 }
    Write-Host $installed.Version
    return 0
}

function Show-State {
    $status = Get-AgentStatus
    if ($null -eq $status) { Write-Host 'not installed'; return 8 }
    $word = if ($status.IsWell) { 'ok' } else { 'trouble' }
    Write-Host "$word; version $($status.Version); $($status.Text)"
    return [int] (-not $status.IsWell)
}

function Invoke-Seatkeep {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072  # TLS 1.2
    $Action = (Select-Setting $Action 'Action').ToLowerInvariant()
    $Edition = (Select-Setting $Edition 'Edition').ToLowerInvariant()
    $Group = Select-Setting $Group 'Group'
    $Proxy = Select-Setting $Proxy 'Proxy'
    $InstallId = [guid]::NewGuid().ToString()
    try {
        Test-Input
        if ($Action -eq 'detect') { return Show-Detection }
        if ($Action -eq 'state') { return Show-State }
        Test-Computer
        if ($Action -eq 'install') { Install-WhenNeeded }
        if ($Action -eq 'repair') { Install-Seatkeep }
        if ($Action -eq 'remove') { Remove-Seatkeep }
        return 0
    }
    catch {
        [Console]::Error.WriteLine("seatkeep: $($_.Exception.Message)")
        $code = $_.Exception.Data['SeatkeepCode']
        if ($null -eq $code) { return 6 }
        return $code
    }
}

# Everything has been read when this line runs: a broken download does nothing. Pasted by a person, it leaves the window open.
$SeatkeepCode = @(Invoke-Seatkeep)[-1]
if ($PSCommandPath -or -not [Environment]::UserInteractive) { exit $SeatkeepCode }
$global:LASTEXITCODE = $SeatkeepCode
