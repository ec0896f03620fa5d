#pragma once
// What the API server does with a patch (RFC 6902: add, remove, replace), for tests.

#include <rapidjson/document.h>

#include <string>

#include "injector/config.h"

namespace chaperone::injector {

// Throws where an operation does not fit the document.
void apply_patch(rapidjson::Document& document, const std::string& patch);

rapidjson::Document document_of(const std::string& text);
std::string text_of(const rapidjson::Document& document);

// RapidJSON's own comparisons with plain values recurse for ever in C++20.
bool is(const rapidjson::Value& value, const char* text);
bool is(const rapidjson::Value& value, int number);
bool is(const rapidjson::Value& value, bool flag);
bool same(const rapidjson::Document& left, const rapidjson::Document& right);

// Two policies in namespace "agents": "reader" (the default), and "builder" of the root tier for the
// service account "builder".
Config test_config();

}  // namespace chaperone::injector
