// What Rust's serde_json believes; view.h says how that is written.
use serde_json::Value;
use std::io::{self, BufRead, Read, Write};

fn text(s: &str) -> String {
    let mut out = String::from("\"");
    for b in s.bytes() {
        if b.is_ascii_alphanumeric() { out.push(b as char) } else { out.push_str(&format!("%{:02X}", b)) }
    }
    while out.contains("%EF%BF%BD%EF%BF%BD") { out = out.replace("%EF%BF%BD%EF%BF%BD", "%EF%BF%BD") }
    out.push('"');
    out
}

// C's %.17g
fn number(d: f64) -> String {
    if d == 0.0 { return "#0".into() }
    if d.abs() >= f64::MAX { return if d < 0.0 { "#-inf" } else { "#inf" }.into() }
    let scientific = format!("{:.16e}", d);
    let (digits, e) = scientific.split_once('e').unwrap();
    let e: i32 = e.parse().unwrap();
    let trim = |s: &str| if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_string() } else { s.to_string() };
    if !(-4..17).contains(&e) { return format!("#{}e{}{:02}", trim(digits), if e < 0 { '-' } else { '+' }, e.abs()) }
    format!("#{}", trim(&format!("{:.*}", (16 - e) as usize, d)))
}

fn put(v: &Value) -> String {
    match v {
        Value::Null => "n".into(),
        Value::Bool(b) => if *b { "t" } else { "f" }.into(),
        Value::Number(n) => number(n.as_f64().unwrap()),
        Value::String(s) => text(s),
        Value::Array(a) => format!("[{}]", a.iter().map(put).collect::<String>()),
        Value::Object(o) => {
            let mut names: Vec<_> = o.iter().collect();
            names.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            format!("{{{}}}", names.iter().map(|(k, e)| text(k) + &put(e)).collect::<String>())
        }
    }
}

fn view(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(m) => [&m["method"], &m["id"], &m["params"]["name"], &m["params"]["uri"], &m["params"]["arguments"]].map(put).join("\t"),
        Err(_) => "!".into(),
    }
}

fn main() {
    let mut input = io::stdin().lock();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut line = String::new();
    while input.read_line(&mut line).unwrap() > 0 {
        let mut bytes = vec![0; line.trim().parse().unwrap()];
        input.read_exact(&mut bytes).unwrap();
        writeln!(out, "{}", view(&bytes)).unwrap();
        line.clear();
    }
}
