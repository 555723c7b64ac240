# What Ruby's json believes; view.h says how that is written.
require 'json'
STDIN.binmode

def text(s)
  s = s.b.gsub(/\xED[\xA0-\xBF][\x80-\xBF]/n, "\xEF\xBF\xBD".b).gsub(/[^0-9A-Za-z]/n) { |c| format('%%%02X', c.ord) }
  '"' + s.gsub(/(%EF%BF%BD)+/, '%EF%BF%BD') + '"'
end

def number(d)
  return '#0' if d == 0
  return d < 0 ? '#-inf' : '#inf' if d.abs >= 1.7976931348623157e308
  '#' + format('%.17g', d)
end

def put(v)
  case v
  when nil then 'n'
  when true then 't'
  when false then 'f'
  when Integer, Float then number(v.to_f)
  when String then text(v)
  when Array then '[' + v.map { |e| put(e) }.join + ']'
  else '{' + v.map { |k, e| [k.b, e] }.sort_by(&:first).map { |k, e| text(k) + put(e) }.join + '}'
  end
end

while (line = STDIN.gets)
  begin
    m = JSON.parse(STDIN.read(line.to_i).force_encoding('UTF-8'))
    params = m['params'] || {}
    puts [m['method'], m['id'], params['name'], params['uri'], params['arguments']].map { |v| put(v) }.join("\t")
  rescue StandardError
    puts '!'
  end
end
