# What Perl's JSON modules believe; view.h says how that is written. view.pl JSON::PP or view.pl Cpanel::JSON::XS
use strict;
use warnings;
use B;
no warnings qw(recursion utf8);
my $module = shift;
eval "require $module" or die $@;
my $json = $module->new->utf8->allow_bignum;
binmode STDIN;

sub text {
    my $s = shift;
    utf8::encode($s);
    $s =~ s/\xED[\xA0-\xBF][\x80-\xBF]/\xEF\xBF\xBD/g;
    $s =~ s/([^0-9A-Za-z])/sprintf '%%%02X', ord $1/ge;
    $s =~ s/(%EF%BF%BD)+/%EF%BF%BD/g;
    return qq("$s");
}

sub number {
    my $d = shift;
    return '#0' if $d == 0;
    return $d < 0 ? '#-inf' : '#inf' if abs($d) >= 1.7976931348623157e308;
    return '#' . sprintf '%.17g', $d;
}

sub put {
    my $v = shift;
    return 'n' unless defined $v;
    if (ref $v) {
        return $v ? 't' : 'f' if ref($v) =~ /Boolean/;
        return number($v->numify) if ref($v) =~ /^Math::Big/;
        return '[' . join('', map { put($_) } @$v) . ']' if ref $v eq 'ARRAY';
        my %bytes = map { my $k = $_; utf8::encode($k); ($k => $_) } keys %$v;
        return '{' . join('', map { text($bytes{$_}) . put($v->{$bytes{$_}}) } sort keys %bytes) . '}';
    }
    return B::svref_2object(\$v)->FLAGS & (B::SVp_IOK | B::SVp_NOK) && !(B::svref_2object(\$v)->FLAGS & B::SVp_POK) ? number($v) : text($v);
}

while (defined(my $line = <STDIN>)) {
    read STDIN, my $bytes, $line + 0;
    my $m = eval { $json->decode($bytes) };
    my $params = ref $m eq 'HASH' ? $m->{params} : undef;
    $params = {} unless ref $params eq 'HASH';
    print ref $m eq 'HASH' ? join("\t", map { put($_) } @$m{qw(method id)}, @$params{qw(name uri arguments)}) : '!', "\n";
}
