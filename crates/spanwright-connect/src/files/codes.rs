//! The codes of folders and files.

use spanwright_shape::codes;

codes! { "codes/":
    FOLDER_SETTING "C0301" "A folder's setting that cannot work";
    ROWS "C0302" "A schema of rows that cannot be used";
    FOLDER "R4001" "A folder or file that could not be used";
    IN_THE_WAY "R4002" "Another file of the same name is there";
    CELL "R4003" "A value that the file cannot hold";
    TAKEN_AWAY "R4004" "A file that could not be read to its end";
}
