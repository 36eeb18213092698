if ($data.type -eq 'CustomScan') { Start-MpScan -ScanType CustomScan -ScanPath $data.path }
else { Start-MpScan -ScanType $data.type }
