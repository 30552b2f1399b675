// Text against text for the graders, in time linear in the answer whatever the answer is.
#ifndef MINSLICE_SCORE_TEXT_MATCH_H_
#define MINSLICE_SCORE_TEXT_MATCH_H_

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace re2 {
class RE2;
}

namespace minslice::score {

// Without surrounding ASCII white space.
std::string_view Trimmed(std::string_view text);

bool Contains(std::string_view text, std::string_view part);

// RE2 over bytes that should be UTF-8: what is not never matches, and never throws. The error is RE2's, in
// words.
tl::expected<std::unique_ptr<const re2::RE2>, std::string> CompileRegex(std::string_view pattern,
                                                                        bool ignore_case);

// Letters of all scripts one to one, as RE2 folds them: "STRASSE" is "strasse", "ß" is not "ss".
class CaselessText {
 public:
  // Fails where RE2 finds the text too long to fold (non-ASCII texts of megabytes).
  static tl::expected<CaselessText, std::string> Make(std::string_view text);
  CaselessText(CaselessText&&) noexcept;
  CaselessText& operator=(CaselessText&&) noexcept;
  ~CaselessText();

  bool Equals(std::string_view other) const;
  bool IsIn(std::string_view text) const;

 private:
  CaselessText() = default;
  std::string ascii_lower_;                  // of an ASCII text
  std::unique_ptr<const re2::RE2> pattern_;  // of any other
};

}  // namespace minslice::score

#endif  // MINSLICE_SCORE_TEXT_MATCH_H_
