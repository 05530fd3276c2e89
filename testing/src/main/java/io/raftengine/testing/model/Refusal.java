package io.raftengine.testing.model;

/**
 * Why an operation must fail.
 *
 * @param errorClass the class of the error, as scripts print it
 * @param message for people
 */
public record Refusal(String errorClass, String message) {
    static Refusal invalid(long group, String message) {
        return new Refusal(
                "InvalidArgument", "group " + Long.toUnsignedString(group) + ": " + message);
    }
}
