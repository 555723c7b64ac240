// RapidJSON; with full precision, without which its numbers are off in the last digit.
#include <rapidjson/document.h>
#include <vector>
#include "view.h"

using rapidjson::Value;

static void put(view_out *o, const void *of)
{
    const Value *value = static_cast<const Value *>(of);

    if (!value || value->IsNull()) view_word(o, "n");
    else if (value->IsBool()) view_word(o, value->GetBool() ? "t" : "f");
    else if (value->IsNumber()) view_number(o, value->GetDouble());
    else if (value->IsString()) view_text(o, value->GetString(), value->GetStringLength());
    else if (value->IsArray()) {
        view_word(o, "[");
        for (const Value &element : value->GetArray()) put(o, &element);
        view_word(o, "]");
    } else {
        std::vector<view_member> members;
        for (const auto &member : value->GetObject()) members.push_back({ member.name.GetString(), member.name.GetStringLength(), &member.value });
        view_object(o, members.data(), members.size(), put);
    }
}

static const Value *member(const Value *in, const char *name)
{
    if (!in || !in->IsObject()) return nullptr;
    auto found = in->FindMember(name);
    return found == in->MemberEnd() ? nullptr : &found->value;
}

static int view(view_out *o, const char *bytes, size_t len)
{
    rapidjson::Document doc;

    if (doc.Parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag>(bytes, len).HasParseError()) return 0;
    put(o, member(&doc, "method"));
    view_word(o, "\t");
    put(o, member(&doc, "id"));
    for (const char *name : { "name", "uri", "arguments" }) {
        view_word(o, "\t");
        put(o, member(member(&doc, "params"), name));
    }
    return 1;
}
