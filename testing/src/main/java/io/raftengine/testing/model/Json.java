package io.raftengine.testing.model;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON into maps, lists, strings, integers, booleans and null. Strict, and without a library,
 * so that tests of any module can read scripts without one. Numbers are whole; nothing here has
 * others.
 */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** Reads one value that is the whole text. */
    static Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.space();
        if (json.at != text.length()) {
            throw json.error("end");
        }
        return value;
    }

    private Object value() {
        space();
        char c = at < text.length() ? text.charAt(at) : 0;
        return switch (c) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", Boolean.TRUE);
            case 'f' -> word("false", Boolean.FALSE);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, Object> object() {
        Map<String, Object> fields = new LinkedHashMap<>();
        demand('{');
        if (skip('}')) {
            return fields;
        }
        do {
            space();
            String name = string();
            demand(':');
            if (fields.containsKey(name)) {
                throw error("another field than " + name);
            }
            fields.put(name, value());
        } while (skip(','));
        demand('}');
        return fields;
    }

    private List<Object> array() {
        List<Object> elements = new ArrayList<>();
        demand('[');
        if (skip(']')) {
            return elements;
        }
        do {
            elements.add(value());
        } while (skip(','));
        demand(']');
        return elements;
    }

    private String string() {
        demand('"');
        int end = at;
        while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\\') {
            end++;
        }
        if (end < text.length() && text.charAt(end) == '"') {
            // Nearly every string: no escape in it.
            String plain = text.substring(at, end);
            at = end + 1;
            return plain;
        }
        StringBuilder out = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at++);
            out.append(c == '\\' ? escaped() : c);
        }
        demand('"');
        return out.toString();
    }

    private char escaped() {
        char c = at < text.length() ? text.charAt(at++) : 0;
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                if (at + 4 > text.length()) {
                    throw error("four digits");
                }
                at += 4;
                yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
            }
            default -> throw error("an escape");
        };
    }

    private BigInteger number() {
        int start = at;
        while (at < text.length()
                && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '-')) {
            at++;
        }
        if (at == start) {
            throw error("a value");
        }
        return new BigInteger(text.substring(start, at));
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw error(word);
        }
        at += word.length();
        return value;
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean skip(char wanted) {
        space();
        if (at < text.length() && text.charAt(at) == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private void demand(char wanted) {
        if (!skip(wanted)) {
            throw error("'" + wanted + "'");
        }
    }

    private IllegalArgumentException error(String wanted) {
        String rest = text.substring(at, Math.min(text.length(), at + 20));
        return new IllegalArgumentException(
                "not JSON: expected " + wanted + " at " + at + ", found '" + rest + "'");
    }
}
