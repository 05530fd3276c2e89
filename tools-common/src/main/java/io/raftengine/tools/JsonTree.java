package io.raftengine.tools;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.raftengine.error.InvalidArgumentException;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A JSON object that is small enough to be held: a line of a script, a request. Fields are asked
 * for by name and type; whatever does not fit is an {@link InvalidArgumentException} that names the
 * field.
 */
public final class JsonTree {
    /** A number with a fraction or an exponent: stays as it is written, whatever it may be. */
    private record Fraction(String digits) {
        @Override
        public String toString() {
            return digits;
        }
    }

    private final Map<String, Object> fields;
    private final String path;

    private JsonTree(Map<String, Object> fields, String path) {
        this.fields = fields;
        this.path = path;
    }

    /**
     * Reads a line.
     *
     * @param line UTF-8, one JSON object and nothing behind it
     * @return the object
     * @throws InvalidArgumentException it is none
     */
    public static JsonTree parse(byte[] line) {
        try (JsonParser parser = JsonLines.FACTORY.createParser(line)) {
            parser.nextToken();
            Object value = value(parser);
            if (parser.nextToken() != null) {
                throw new InvalidArgumentException("something stands behind the JSON object");
            }
            return of(value, "");
        } catch (IOException malformed) {
            throw new InvalidArgumentException("not JSON: " + firstLine(malformed), malformed);
        }
    }

    private static String firstLine(IOException malformed) {
        String message = String.valueOf(malformed.getMessage());
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    /** The parser bounds how deep this goes. */
    private static Object value(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == null) {
            throw new InvalidArgumentException("not JSON: empty");
        }
        return switch (token) {
            case START_OBJECT -> {
                Map<String, Object> fields = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    fields.put(name, value(parser));
                }
                yield fields;
            }
            case START_ARRAY -> {
                List<Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser));
                }
                yield elements;
            }
            // A Long where it fits: scripts are mostly numbers, and big ones are rare.
            case VALUE_NUMBER_INT ->
                    parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                            ? parser.getBigIntegerValue()
                            : (Object) parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> new Fraction(parser.getText());
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_STRING -> parser.getText();
            case VALUE_NULL -> null;
            default -> throw new InvalidArgumentException("not JSON: unexpected " + token);
        };
    }

    @SuppressWarnings("unchecked")
    private static JsonTree of(Object value, String path) {
        if (!(value instanceof Map<?, ?>)) {
            throw new InvalidArgumentException(
                    (path.isEmpty() ? "line" : path) + ": not a JSON object");
        }
        return new JsonTree((Map<String, Object>) value, path);
    }

    /**
     * Refuses fields that nobody will ask for: a misspelt one must not be ignored.
     *
     * @param known names of all fields there may be
     * @return this
     * @throws InvalidArgumentException there is another one
     */
    public JsonTree only(Set<String> known) {
        for (String name : fields.keySet()) {
            if (!known.contains(name)) {
                throw new InvalidArgumentException(place(name) + ": unknown field");
            }
        }
        return this;
    }

    /**
     * Whether a field is there and not null.
     *
     * @param name its name
     * @return true if so
     */
    public boolean has(String name) {
        return fields.get(name) != null;
    }

    /**
     * Names of all fields.
     *
     * @return in the order of the text
     */
    public Set<String> names() {
        return fields.keySet();
    }

    /**
     * A text.
     *
     * @param name name of the field
     * @return its value
     * @throws InvalidArgumentException there is none
     */
    public String text(String name) {
        if (fields.get(name) instanceof String text) {
            return text;
        }
        throw wrong(name, "a text");
    }

    /**
     * A value as text, however it is written.
     *
     * @param name name of the field
     * @return text, number, or true or false as text
     * @throws InvalidArgumentException it is missing, a list or an object
     */
    public String anyText(String name) {
        Object value = fields.get(name);
        if (value == null || value instanceof Map || value instanceof List) {
            throw wrong(name, "a single value");
        }
        return value.toString();
    }

    /**
     * Bytes written in base64.
     *
     * @param name name of the field
     * @return the bytes
     * @throws InvalidArgumentException there are none
     */
    public byte[] bytes(String name) {
        return decode(text(name), name);
    }

    /**
     * A list of bytes written in base64.
     *
     * @param name name of the field
     * @return the bytes
     * @throws InvalidArgumentException it is no such list
     */
    public List<byte[]> bytesList(String name) {
        List<byte[]> list = new ArrayList<>();
        for (Object element : list(name)) {
            if (!(element instanceof String text)) {
                throw wrong(name, "a list of texts");
            }
            list.add(decode(text, name));
        }
        return list;
    }

    private byte[] decode(String text, String name) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException malformed) {
            throw new InvalidArgumentException(
                    place(name) + ": not base64: " + malformed.getMessage(), malformed);
        }
    }

    /**
     * An unsigned 64-bit number.
     *
     * @param name name of the field
     * @return its value
     * @throws InvalidArgumentException there is none
     */
    public long number(String name) {
        if (fields.get(name) instanceof Long number && number >= 0) {
            return number;
        }
        if (fields.get(name) instanceof BigInteger number
                && number.signum() >= 0
                && number.bitLength() <= Long.SIZE) {
            return number.longValue();
        }
        throw wrong(name, "an unsigned 64-bit number");
    }

    /**
     * An unsigned 64-bit number, or something else where it is missing.
     *
     * @param name name of the field
     * @param otherwise the value for a missing field
     * @return its value
     * @throws InvalidArgumentException it is there and no such number
     */
    public long numberOr(String name, long otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    /**
     * A truth value, or something else where it is missing.
     *
     * @param name name of the field
     * @param otherwise the value for a missing field
     * @return its value
     * @throws InvalidArgumentException it is there and neither true nor false
     */
    public boolean truthOr(String name, boolean otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        if (fields.get(name) instanceof Boolean truth) {
            return truth;
        }
        throw wrong(name, "true or false");
    }

    /**
     * An object.
     *
     * @param name name of the field
     * @return its value
     * @throws InvalidArgumentException there is none
     */
    public JsonTree object(String name) {
        return of(fields.get(name), place(name));
    }

    /**
     * A list of objects.
     *
     * @param name name of the field
     * @return its elements
     * @throws InvalidArgumentException it is no such list
     */
    public List<JsonTree> objects(String name) {
        List<JsonTree> objects = new ArrayList<>();
        List<?> elements = list(name);
        for (int i = 0; i < elements.size(); i++) {
            objects.add(of(elements.get(i), place(name) + "[" + i + "]"));
        }
        return objects;
    }

    private List<?> list(String name) {
        if (fields.get(name) instanceof List<?> list) {
            return list;
        }
        throw wrong(name, "a list");
    }

    private InvalidArgumentException wrong(String name, String wanted) {
        return new InvalidArgumentException(
                place(name) + ": " + (has(name) ? "not " + wanted : "is missing"));
    }

    private String place(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
