// nlohmann/json.
#include <nlohmann/json.hpp>
#include "view.h"

using nlohmann::json;

static void put(view_out *o, const json *value)
{
    if (!value || value->is_null()) view_word(o, "n");
    else if (value->is_boolean()) view_word(o, value->get<bool>() ? "t" : "f");
    else if (value->is_number()) view_number(o, value->get<double>());
    else if (value->is_string()) {
        const std::string &text = value->get_ref<const std::string &>();
        view_text(o, text.data(), text.size());
    } else if (value->is_array()) {
        view_word(o, "[");
        for (const json &element : *value) put(o, &element);
        view_word(o, "]");
    } else {
        view_word(o, "{");
        for (const auto &member : value->items()) {     // std::map: sorted by bytes
            view_text(o, member.key().data(), member.key().size());
            put(o, &member.value());
        }
        view_word(o, "}");
    }
}

static const json *member(const json *in, const char *name)
{
    if (!in || !in->is_object()) return nullptr;
    auto found = in->find(name);
    return found == in->end() ? nullptr : &*found;
}

static int view(view_out *o, const char *bytes, size_t len)
{
    const json doc = json::parse(bytes, bytes + len, nullptr, false);

    if (doc.is_discarded()) return 0;
    put(o, member(&doc, "method"));
    view_word(o, "\t");
    put(o, member(&doc, "id"));
    for (const char *name : { "name", "uri", "arguments" }) {
        view_word(o, "\t");
        put(o, member(member(&doc, "params"), name));
    }
    return 1;
}
