// What Jackson's ObjectMapper believes; view.h says how that is written.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

public class View {
    static String text(String s) {
        StringBuilder out = new StringBuilder("\"");
        for (byte b : s.replaceAll("[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]", "\ufffd").getBytes(StandardCharsets.UTF_8)) {
            if (b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z') out.append((char) b);
            else out.append(String.format("%%%02X", b & 0xff));
        }
        return out.append('"').toString().replaceAll("(%EF%BF%BD)+", "%EF%BF%BD");
    }

    // C's %.17g
    static String number(double d) {
        if (d == 0) return "#0";
        if (Math.abs(d) >= Double.MAX_VALUE) return d < 0 ? "#-inf" : "#inf";
        java.math.BigDecimal exact = new java.math.BigDecimal(d).round(new java.math.MathContext(17));
        String digits = exact.unscaledValue().abs().toString();
        int e = digits.length() - 1 - exact.scale();
        digits = digits.replaceAll("0+$", "");
        String sign = d < 0 ? "-" : "";
        if (e < -4 || e >= 17) return "#" + sign + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + String.format("e%s%02d", e < 0 ? "-" : "+", Math.abs(e));
        return "#" + exact.stripTrailingZeros().toPlainString();
    }

    static String put(JsonNode v) {
        if (v == null || v.isNull() || v.isMissingNode()) return "n";
        if (v.isBoolean()) return v.booleanValue() ? "t" : "f";
        if (v.isNumber()) return number(v.doubleValue());
        if (v.isTextual()) return text(v.textValue());
        StringBuilder out = new StringBuilder();
        if (v.isArray()) {
            for (JsonNode e : v) out.append(put(e));
            return "[" + out + "]";
        }
        List<String> names = new ArrayList<>();
        v.fieldNames().forEachRemaining(names::add);
        names.sort((a, b) -> Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8)));
        for (String name : names) out.append(text(name)).append(put(v.get(name)));
        return "{" + out + "}";
    }

    public static void main(String[] args) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 20));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 20), false, "US-ASCII");
        ObjectMapper mapper = new ObjectMapper();
        for (;;) {
            int length = 0, c = in.read();
            if (c < 0) break;
            for (; c != '\n'; c = in.read()) length = length * 10 + c - '0';
            byte[] bytes = new byte[length];
            in.readFully(bytes);
            try {
                JsonNode m = mapper.readTree(bytes), params = m.path("params");
                out.println(put(m.get("method")) + "\t" + put(m.get("id")) + "\t" + put(params.get("name")) + "\t" + put(params.get("uri")) + "\t" + put(params.get("arguments")));
            } catch (Exception e) {
                out.println("!");
            }
        }
        out.flush();
    }
}
