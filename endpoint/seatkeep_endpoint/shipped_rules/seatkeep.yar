/*
   The rules that ship with Seatkeep: the EICAR test file and a few plain-text indicators.
   They show that the chain works; they are no replacement for a maintained signature set, and the endpoint says so
   (TEST_RULES). Put your own rules into <root>/etc/rules/*.yar.
   The EICAR string is written in hex so that this file does not detect itself.
*/

rule eicar_test_file
{
    meta:
        name = "EICAR-Test-File"
        is_test = true
    strings:
        $eicar = { 58 35 4F 21 50 25 40 41 50 5B 34 5C 50 5A 58 35 34 28 50 5E 29 37 43 43 29 37 7D 24 45 49 43 41 52
                   2D 53 54 41 4E 44 41 52 44 2D 41 4E 54 49 56 49 52 55 53 2D 54 45 53 54 2D 46 49 4C 45 21 24 48 2B 48 2A }
    condition:
        $eicar at 0 and filesize < 256
}

rule php_webshell_one_liner
{
    meta:
        name = "Webshell.PHP.OneLiner"
    strings:
        $open = "<?php" nocase
        $eval = /(eval|assert|system|passthru|shell_exec)\s{0,4}\(\s{0,4}(base64_decode\s{0,4}\(\s{0,4})?\$_(POST|GET|REQUEST|COOKIE)\s{0,4}\[/ nocase
    condition:
        $open in (0..1024) and $eval
}

rule shell_reverse_tcp
{
    meta:
        name = "Backdoor.Shell.ReverseTcp"
    strings:
        $interpreter = /^#!\s{0,4}\/[a-z\/]{1,32}(ba|da|z)?sh/
        $reverse = /(ba)?sh -i\s{0,4}(>&|&>|[0-9]>&1 [0-9]>)\s{0,4}\/dev\/tcp\/[A-Za-z0-9.\-]{3,64}\/[0-9]{2,5}/
    condition:
        $interpreter at 0 and $reverse and filesize < 256KB
}

rule coin_miner_configuration
{
    meta:
        name = "Riskware.CoinMiner.Config"
    strings:
        $pool = /stratum\+(tcp|ssl):\/\/[A-Za-z0-9.\-]{3,64}:[0-9]{2,5}/
        $donate = "\"donate-level\""
        $pools = "\"pools\""
    condition:
        $pool and $donate and $pools and filesize < 256KB
}
