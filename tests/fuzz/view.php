<?php
// What PHP's json_decode believes; view.h says how that is written.
ini_set('memory_limit', '-1');
ini_set('serialize_precision', '17');

function text(string $s): string {
    $s = preg_replace_callback('/[^0-9A-Za-z]/', fn ($m) => sprintf('%%%02X', ord($m[0])), $s);
    return '"' . preg_replace('/(%EF%BF%BD)+/', '%EF%BF%BD', $s) . '"';
}

// C's %.17g
function number(float $d): string {
    if ($d == 0) return '#0';
    if (abs($d) >= 1.7976931348623157e308) return $d < 0 ? '#-inf' : '#inf';
    [$digits, $e] = explode('e', sprintf('%.16e', $d));
    $e = (int)$e;
    if ($e < -4 || $e >= 17) return '#' . preg_replace('/\.?0+$/', '', $digits) . sprintf('e%s%02d', $e < 0 ? '-' : '+', abs($e));
    $fixed = sprintf('%.' . (16 - $e) . 'f', $d);
    return '#' . (str_contains($fixed, '.') ? preg_replace('/\.?0+$/', '', $fixed) : $fixed);
}

function put(mixed $v): string {
    if ($v === null) return 'n';
    if (is_bool($v)) return $v ? 't' : 'f';
    if (is_int($v) || is_float($v)) return number((float)$v);
    if (is_string($v)) return text($v);
    if (is_array($v)) return '[' . implode('', array_map('put', $v)) . ']';
    $members = [];
    foreach ($v as $name => $value) $members[text((string)$name)] = [(string)$name, $value];
    usort($members, fn ($a, $b) => strcmp($a[0], $b[0]));
    return '{' . implode('', array_map(fn ($m) => text($m[0]) . put($m[1]), $members)) . '}';
}

while (($line = fgets(STDIN)) !== false) {
    $n = (int)$line;
    $bytes = '';
    while (strlen($bytes) < $n) $bytes .= fread(STDIN, $n - strlen($bytes));
    $m = json_decode($bytes, false, 512);
    $params = $m->params ?? null;
    echo json_last_error() || !is_object($m) ? '!' : implode("\t", [put($m->method ?? null), put($m->id ?? null), put($params->name ?? null), put($params->uri ?? null), put($params->arguments ?? null)]), "\n";
}
