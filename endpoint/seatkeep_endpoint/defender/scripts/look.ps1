@{
    status = Get-Part { Get-MpComputerStatus }
    preference = Get-Part { Get-MpPreference }
    threats = Get-Part { Get-MpThreat }
    detections = Get-Part { Get-MpThreatDetection }
}
