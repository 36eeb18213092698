"""Windows 10 and later, Windows Server 2016 and later."""
