#pragma once
// Query parameters as filters and pages. An unknown or unreadable one is an error that names it.

#include <initializer_list>
#include <string>
#include <string_view>

#include "collector/api/http.h"
#include "collector/store/query.h"

namespace chaperone::collector {

// from, to, pod, namespace, service_account, resource, rule, verb, object, text, effect, risk_min,
// kind, decision, status, session, operation, writer, label. `others` are allowed and left to the caller.
Result<Filter> parse_filter(const HttpRequest& request,
                            std::initializer_list<std::string_view> others);

// limit, cursor, order.
Result<Page> parse_page(const HttpRequest& request);

// Refuses parameters outside of `known`, given twice, or too long.
Result<void> check_parameters(const HttpRequest& request,
                              std::initializer_list<std::string_view> known);

std::string parameter(const HttpRequest& request, const char* name);  // empty if absent
Result<std::optional<std::int64_t>> number_parameter(const HttpRequest& request, const char* name);

// Cursors are opaque to their users: "r" and the row's number.
std::string cursor_text(std::int64_t id);

}  // namespace chaperone::collector
