package io.raftengine.testing.model;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The fields of a JSON object, asked for by name and type; what has the wrong type is an error of
 * the caller.
 */
final class JsonObject {
    private final Map<?, ?> fields;

    JsonObject(Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException("not a JSON object: " + value);
        }
        this.fields = map;
    }

    boolean has(String name) {
        return fields.containsKey(name);
    }

    String text(String name) {
        return cast(name, String.class);
    }

    boolean truthOr(String name, boolean otherwise) {
        return fields.get(name) == null ? otherwise : cast(name, Boolean.class);
    }

    /** An unsigned 64-bit number. */
    long number(String name) {
        BigInteger value = cast(name, BigInteger.class);
        if (value.signum() < 0 || value.bitLength() > Long.SIZE) {
            throw new IllegalArgumentException(name + ": not an unsigned 64-bit number: " + value);
        }
        return value.longValue();
    }

    long numberOr(String name, long otherwise) {
        return fields.get(name) == null ? otherwise : number(name);
    }

    List<?> list(String name) {
        return cast(name, List.class);
    }

    List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        for (Object element : list(name)) {
            if (!(element instanceof String text)) {
                throw new IllegalArgumentException(name + ": not a text: " + element);
            }
            texts.add(text);
        }
        return texts;
    }

    JsonObject object(String name) {
        return new JsonObject(fields.get(name));
    }

    private <T> T cast(String name, Class<T> type) {
        Object value = fields.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(name + ": not what it should be: " + value);
        }
        return type.cast(value);
    }
}
