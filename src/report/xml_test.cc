#include "report/xml.h"

#include <gtest/gtest.h>

#include "report/words.h"

namespace report {
namespace {

TEST(EscapeXmlTest, EscapesMarkupAndLineBreaks) {
  EXPECT_EQ(EscapeXml("a<b>&\"'\n\t]]>"), "a&lt;b&gt;&amp;&#34;&#39;&#xA;&#x9;]]&gt;");
  EXPECT_EQ(EscapeXml("caf\xC3\xA9 \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xF0\x9F\x98\x80");
}

TEST(EscapeXmlTest, ReplacesWhatXmlCannotHold) {
  EXPECT_EQ(EscapeXml(std::string("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(EscapeXml("\x01\x1f\x7f"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(EscapeXml("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(EscapeXml("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(EscapeXml("\xEF\xBF\xBF"), "\xEF\xBF\xBD");
}

TEST(PrintableTest, RemovesTheColorsOfTerminals) {
  EXPECT_EQ(Printable("\x1b[1;31mred\x1b[0m"), "red");
  EXPECT_EQ(Printable("\x1b]0;title\x07text\x1b]0;t\x1b\\more"), "textmore");
  EXPECT_EQ(Printable("end\x1b"), "end");
  EXPECT_EQ(Printable("end\x1b["), "end");
  EXPECT_EQ(Printable("a\x1b[3\xC3\xA9"), "a\xEF\xBF\xBD");
}

TEST(PrintableTest, MakesWindowsLineEndsPlain) {
  EXPECT_EQ(Printable("a\r\nb\rc"),
            "a\nb\xEF\xBF\xBD"
            "c");
}

TEST(XmlWriterTest, IndentsElementsAndLeavesTextsAlone) {
  XmlWriter xml;
  xml.Open("a");
  xml.Attribute("x", "1");
  xml.Open("b");
  xml.Text("t\n<");
  xml.Close();
  xml.Open("c");
  xml.Close();
  xml.Close();

  EXPECT_EQ(xml.Take(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a x=\"1\">\n  <b>t\n&lt;</b>\n"
            "  <c></c>\n</a>\n");
}

}  // namespace
}  // namespace report
