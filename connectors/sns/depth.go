package sns

// deepest is how many objects and arrays may be inside each other. SNS needs three, for MessageAttributes.
const deepest = 16

// tooDeep tells whether body opens more than deepest objects and arrays inside each other. The decoder of JSON remembers the
// names of every open object, up to 10,000 of them, which is a lot of work to do for a stranger; this is one pass and no
// memory. Of a body that is not JSON it says anything.
func tooDeep(body []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			text = !text
		case text && c == '\\':
			i++ // what is escaped ends no text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > deepest {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
