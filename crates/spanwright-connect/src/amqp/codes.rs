//! The codes of queues.

use spanwright_shape::codes;

codes! { "codes/":
    QUEUE_SETTING "C0401" "A setting of a queue or exchange that cannot work";
    BROKER "R5001" "A broker that was not reached, or said no for now";
    NOT_THERE "R5002" "A queue or exchange that the broker does not have";
    UNROUTED "R5003" "A message that no queue wants";
    MESSAGE "R5004" "A message that cannot be sent as it is";
    UNCONFIRMED "R5005" "A message of which the broker has not said that it has it";
}
