#pragma once
// The two faces of an explanation. For this folder alone.

#include <string>

#include "sidecar/policy/tool/judged.h"

namespace chaperone::policy_tool {

std::string explained_text(const Question& question, const Judged& judged);
std::string explained_json(const Question& question, const Judged& judged);

}  // namespace chaperone::policy_tool
