// simdjson's DOM.
#include <simdjson.h>
#include <algorithm>
#include <string>
#include <vector>
#include "view.h"

using simdjson::dom::element;

static void put(view_out *o, element value)
{
    std::vector<std::pair<std::string_view, element>> members;

    if (value.is_null()) return view_word(o, "n");
    if (value.is_bool()) return view_word(o, bool(value) ? "t" : "f");
    if (value.is_number()) return view_number(o, double(value));
    if (value.is_string()) {
        std::string_view text = value;
        return view_text(o, text.data(), text.size());
    }
    if (value.is_array()) {
        view_word(o, "[");
        for (element e : simdjson::dom::array(value)) put(o, e);
        return view_word(o, "]");
    }
    for (auto member : simdjson::dom::object(value)) members.emplace_back(member.key, member.value);
    std::sort(members.begin(), members.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    view_word(o, "{");
    for (const auto &member : members) {
        view_text(o, member.first.data(), member.first.size());
        put(o, member.second);
    }
    view_word(o, "}");
}

static void put_found(view_out *o, simdjson::simdjson_result<element> found)
{
    element value;

    if (found.get(value)) view_word(o, "n");
    else put(o, value);
}

static int view(view_out *o, const char *bytes, size_t len)
{
    static simdjson::dom::parser parser;
    simdjson::simdjson_result<element> doc = parser.parse(bytes, len), params;

    if (doc.error()) return 0;
    params = doc.at_key("params");
    put_found(o, doc.at_key("method"));
    view_word(o, "\t");
    put_found(o, doc.at_key("id"));
    for (const char *name : { "name", "uri", "arguments" }) {
        view_word(o, "\t");
        put_found(o, params.at_key(name));
    }
    return 1;
}
